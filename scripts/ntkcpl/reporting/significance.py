"""What a few seeds can tell: intervals by the bootstrap, and differences paired by seed."""

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
        base = _by_seed(runs, REFERENCE)
        for strategy in runs["strategy"].unique():
            if strategy == REFERENCE:
                continue
            own, other = _by_seed(runs, strategy).align(base, join="inner")
            complete = own.notna().all() & other.notna().all()
            interval = np.nan, np.nan
            if len(own) > 1 and complete.any():
                rng = numpy_generator("ratio_intervals", str(experiment), strategy)
                interval = _interval(own.loc[:, complete], other.loc[:, complete], rng)
            rows.append((experiment, strategy, *interval))
    return pd.DataFrame(rows, columns=["experiment", "strategy", "low", "high"])


def _interval(
    own: pd.DataFrame, other: pd.DataFrame, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the bounds of the effective budget ratio of two tables (seeds, labels)."""
    from scipy.stats import bootstrap  # slow to import, and most tables do without

    def ratio(*samples: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        mine, theirs = np.split(np.stack(samples), 2)  # (labels, ..., seeds)
        threshold = theirs.mean(axis) + theirs.std(axis, ddof=1)
        share: NDArray[np.float64] = (mine.mean(axis) > threshold + ROUNDING).mean(axis=0)
        return share

    found = bootstrap(
        (*own.to_numpy().T, *other.to_numpy().T),  # a sample for each number of labels
        ratio,
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
            p_value = np.nan if strategy == best else _p_value(gap.to_numpy())
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


def _by_seed(runs: pd.DataFrame, strategy: str) -> pd.DataFrame:
    """Return the test accuracies of a strategy, a row a seed, a column a number of labels."""
    own = runs[runs["strategy"] == strategy]
    return own.pivot(index="seed", columns="labels", values="test_accuracy")
