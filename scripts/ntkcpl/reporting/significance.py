"""What a few seeds can tell: intervals by the bootstrap, and differences paired by seed."""

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ntkcpl.reporting.accuracy import REFERENCE, ROUNDING, has_reference
from ntkcpl.seeding import numpy_generator

LEVEL = 0.95  # share of the resampled ratios between the bounds of an interval
RESAMPLES = 2000


def ratio_intervals(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return bootstrap intervals of `effective_budget_ratio`.

    Seeds are drawn with replacement, the same for a strategy and Random, because runs of one seed
    belong together; the interval is between quantiles of the ratio (Efron 1979).

    Parameters
    ----------
    accuracy
        See `artifacts.accuracy`.

    Returns
    -------
    DataFrame
        experiment, strategy, low, high: shares; NaN where fewer than two seeds or no number of
        labels are common to both.
    """
    rows = []
    for experiment, runs in accuracy.groupby("experiment", sort=False):
        if not has_reference(runs):
            continue
        for strategy in runs["strategy"].unique():
            if strategy == REFERENCE:
                continue
            tables = common_runs(runs, strategy, REFERENCE)
            rng = numpy_generator("ratio_intervals", str(experiment), strategy)
            interval = _interval(_ratio_of, tables, rng)
            rows.append((experiment, strategy, *interval))
    return pd.DataFrame(rows, columns=["experiment", "strategy", "low", "high"])


def ratio_difference_interval(
    accuracy: pd.DataFrame, strategy: str, rival: str
) -> tuple[float, float]:
    """Return the bootstrap interval of two strategies' difference in effective budget ratio.

    As `ratio_intervals`; the same seeds are drawn for both strategies and Random.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `artifacts.accuracy`).
    strategy, rival
        The two; the difference is the first's ratio less the second's.

    Returns
    -------
    tuple of float
        Low and high; NaN where fewer than two seeds or no number of labels are common.
    """
    own, other, base = common_runs(accuracy, strategy, rival, REFERENCE)
    rng = numpy_generator("ratio_difference_interval", strategy, rival)

    def difference(*samples: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        mine, theirs, random = np.split(np.stack(samples), 3)
        return _ratio(mine, random, axis) - _ratio(theirs, random, axis)

    return _interval(difference, (own, other, base), rng)


def common_runs(accuracy: pd.DataFrame, *strategies: str) -> list[pd.DataFrame]:
    """Return test accuracies of seeds and numbers of labels that all of `strategies` have.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `artifacts.accuracy`).
    strategies
        Names; each must have runs.

    Returns
    -------
    list of DataFrame
        For each strategy its accuracies (S, L), a row a seed, a column a number of labels; a
        number of labels that a seed lacks is left out.
    """
    tables = [_by_seed(accuracy, strategy) for strategy in strategies]
    seeds = reduce(pd.Index.intersection, (table.index for table in tables))
    complete = [table.loc[seeds].dropna(axis="columns") for table in tables]
    labels = reduce(pd.Index.intersection, (table.columns for table in complete))
    return [table[labels] for table in complete]


def _ratio(own: NDArray[np.float64], other: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the effective budget ratio of accuracies (labels, ..., seeds)."""
    threshold = other.mean(axis) + other.std(axis, ddof=1)
    share: NDArray[np.float64] = (own.mean(axis) > threshold + ROUNDING).mean(axis=0)
    return share


def _ratio_of(*samples: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return `_ratio` of the first half of the samples, the second half being Random's."""
    own, other = np.split(np.stack(samples), 2)
    return _ratio(own, other, axis)


def _interval(
    statistic: Callable[..., NDArray[np.float64]],
    tables: Sequence[pd.DataFrame],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the bootstrap's bounds of a statistic of tables (seeds, labels), drawn together.

    NaN for fewer than two seeds, and for no number of labels.
    """
    from scipy.stats import bootstrap  # slow to import, and most tables do without

    if min(tables[0].shape[0] - 1, tables[0].shape[1]) < 1:
        return np.nan, np.nan
    found = bootstrap(
        # A sample for each number of labels of each table.
        [column for table in tables for column in table.to_numpy().T],
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=rng,
    )
    low, high = found.confidence_interval
    return float(low), float(high)


def behind_best(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return how far each strategy is behind the best one at each number of labels.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `artifacts.accuracy`).

    Returns
    -------
    DataFrame
        strategy, labels, best, difference, p_value, corrected_p_value. `best` has the highest mean
        over seeds; `difference` is the mean over common seeds of its test accuracy less the
        strategy's (a difference of shares), and `p_value` that of a two-sided paired t-test of the
        two: NaN with one seed, and for the best itself. `corrected_p_value` is the least rate of
        false discoveries, over all tests of the table, at which this one counts (Benjamini and
        Hochberg 1995).
    """
    from scipy.stats import false_discovery_control

    rows = []
    for labels, runs in accuracy.groupby("labels"):
        table = runs.pivot(index="seed", columns="strategy", values="test_accuracy")
        table = table[runs["strategy"].unique()]
        best = table.mean().idxmax()
        for strategy in table:
            pairs = table[list(dict.fromkeys([best, strategy]))].dropna()
            gap = pairs[best] - pairs[strategy]
            p_value = np.nan if strategy == best else paired_p_value(gap.to_numpy())
            rows.append((strategy, labels, best, gap.mean(), p_value))
    names = ["strategy", "labels", "best", "difference", "p_value"]
    gaps = pd.DataFrame(rows, columns=names)
    tested = gaps["p_value"].dropna()
    return gaps.assign(corrected_p_value=pd.Series(false_discovery_control(tested), tested.index))


def _p_value(gap: NDArray[np.float64]) -> float:
    """Return that of a two-sided t-test of differences (seeds,), NaN with fewer than two."""
    from scipy.stats import ttest_1samp

    if len(gap) < 2:
        return np.nan
    if np.ptp(gap) <= ROUNDING:
        # Without any spread the test divides by zero: equal is equal, else it is certain.
        return float(not gap.any())
    return float(ttest_1samp(gap, 0).pvalue)


def paired_p_value(difference: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of a paired t-test, from the differences (S,) of the pairs.

    NaN for fewer than two pairs.
    """
    from scipy.stats import ttest_1samp  # slow to import, and most tables do without

    if len(difference) < 2:
        return np.nan
    # Without any spread the test divides by zero: equal is equal, else it is certain.
    if np.ptp(difference) <= ROUNDING:
        return float(abs(difference[0]) <= ROUNDING)
    return float(ttest_1samp(difference, 0).pvalue)


def _by_seed(runs: pd.DataFrame, strategy: str) -> pd.DataFrame:
    """Return the test accuracies of a strategy, a row a seed, a column a number of labels."""
    own = runs[runs["strategy"] == strategy]
    return own.pivot(index="seed", columns="labels", values="test_accuracy")
