"""What a few seeds can tell: intervals by the bootstrap, and differences paired by seed."""

from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ntkcpl.reporting.accuracy import REFERENCE, ROUNDING, has_reference
from ntkcpl.seeding import numpy_generator


def ratio_intervals(
    accuracy: pd.DataFrame,
    reference: str = REFERENCE,
    level: float = 0.95,
    resamples: int = 2000,
) -> pd.DataFrame:
    """Return bootstrap intervals of `evaluation.effective_budget_ratio`.

    Seeds are drawn with replacement, the same for a strategy and the reference, because runs of
    one seed belong together; the interval is between quantiles of the ratio (Efron 1979).

    Parameters
    ----------
    accuracy
        See `evaluation.read_accuracy`.
    reference
        Strategy whose mean plus standard deviation is to be exceeded.
    level
        Share of the resampled ratios between the bounds.
    resamples
        Number of draws.

    Returns
    -------
    DataFrame
        experiment, strategy, low, high: shares; NaN where fewer than two seeds or no number of
        labels are common to both.
    """
    rows = []
    for experiment, runs in accuracy.groupby("experiment", sort=False):
        if not has_reference(runs, reference):
            continue
        base = _by_seed(runs, reference)
        for strategy in runs["strategy"].unique():
            if strategy == reference:
                continue
            own, other = _by_seed(runs, strategy).align(base, join="inner")
            complete = own.notna().all() & other.notna().all()
            low, high = np.nan, np.nan
            if len(own) > 1 and complete.any():
                rng = numpy_generator("ratio_intervals", str(experiment), strategy)
                drawn = rng.integers(len(own), size=(resamples, len(own)))
                ratios = _ratios(
                    own.loc[:, complete].to_numpy(), other.loc[:, complete].to_numpy(), drawn
                )
                low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
            rows.append((experiment, strategy, low, high))
    return pd.DataFrame(rows, columns=["experiment", "strategy", "low", "high"])


def ratio_difference_interval(
    accuracy: pd.DataFrame, strategy: str, rival: str, level: float = 0.95, resamples: int = 2000
) -> tuple[float, float]:
    """Return the bootstrap interval of two strategies' difference in effective budget ratio.

    As `ratio_intervals`; the same seeds are drawn for both strategies and Random.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `evaluation.read_accuracy`).
    strategy, rival
        The two; the difference is the first's ratio less the second's.
    level, resamples
        As for `ratio_intervals`.

    Returns
    -------
    tuple of float
        Low and high; NaN where fewer than two seeds or no number of labels are common.
    """
    own, other, base = (
        table.to_numpy() for table in common_runs(accuracy, strategy, rival, REFERENCE)
    )
    if own.shape[0] < 2 or own.shape[1] < 1:
        return np.nan, np.nan
    rng = numpy_generator("ratio_difference_interval", strategy, rival)
    drawn = rng.integers(len(own), size=(resamples, len(own)))
    gaps = _ratios(own, base, drawn) - _ratios(other, base, drawn)
    low, high = np.quantile(gaps, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def common_runs(accuracy: pd.DataFrame, *strategies: str) -> list[pd.DataFrame]:
    """Return test accuracies of seeds and numbers of labels that all of `strategies` have.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `evaluation.read_accuracy`).
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


def _ratios(
    own: NDArray[np.float64], other: NDArray[np.float64], drawn: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the effective budget ratio (B,) of seeds `drawn` (B, S) from two (S, labels)."""
    threshold = other[drawn].mean(axis=1) + other[drawn].std(axis=1, ddof=1)
    above: NDArray[np.bool_] = own[drawn].mean(axis=1) > threshold + ROUNDING
    return above.mean(axis=1)


def behind_best(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return how far each strategy is behind the best one at each number of labels.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `evaluation.read_accuracy`).

    Returns
    -------
    DataFrame
        strategy, labels, best, difference, p_value. `best` has the highest mean over seeds;
        `difference` is the mean over common seeds of its test accuracy less the strategy's (a
        difference of shares), and `p_value` that of a two-sided paired t-test of the two, not
        corrected for the number of strategies: NaN with one seed, and for the best itself.
    """
    rows = []
    for labels, runs in accuracy.groupby("labels"):
        table = runs.pivot(index="seed", columns="strategy", values="test_accuracy")
        table = table[runs["strategy"].unique()]
        best = table.mean().idxmax()
        for strategy in table:
            pairs = table[[best, strategy]].dropna() if strategy != best else table[[best]].dropna()
            gap = pairs[best] - pairs[strategy]
            p_value = np.nan if strategy == best else paired_p_value(gap.to_numpy())
            rows.append((strategy, labels, best, gap.mean(), p_value))
    names = ["strategy", "labels", "best", "difference", "p_value"]
    return pd.DataFrame(rows, columns=names)


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
