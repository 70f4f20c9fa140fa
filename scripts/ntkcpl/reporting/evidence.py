"""What tells two strategies apart: runs, paired by seed, or printed means and deviations."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ntkcpl.reporting.accuracy import REFERENCE, learning_curves
from ntkcpl.reporting.significance import (
    common_runs,
    paired_p_value,
    ratio_difference_interval,
)

STATISTICS = ["mean", "std", "seeds"]


@dataclass(frozen=True)
class Differences:
    """How far a strategy is above what it is held against, at L numbers of labels.

    Attributes
    ----------
    labels
        (L,) int64, increasing; none if the two have no number of labels in common.
    difference
        (L,) float64: differences of mean test accuracies, as shares.
    p_value
        (L,) float64, two-sided; NaN where nothing tells the spread.
    mean, mean_p_value
        Of the average over the numbers of labels; NaN without any.
    """

    labels: NDArray[np.int64]
    difference: NDArray[np.float64]
    p_value: NDArray[np.float64]
    mean: float
    mean_p_value: float


class Evidence(Protocol):
    """Accuracies of the strategies of one experiment, in whatever detail they are known."""

    @property
    def curves(self) -> pd.DataFrame:
        """Means and standard deviations, as `accuracy.learning_curves` returns them."""

    def differences(self, strategy: str, rival: str, bound: float) -> Differences:
        """Return how far `strategy` is above `rival` plus `bound` (a difference of shares)."""

    def ratio_interval(self, strategy: str, rival: str) -> tuple[float, float]:
        """Return the 95% interval of their difference in effective budget ratio, or NaN."""

    def between(self, first: float, last: float) -> "Evidence":
        """Return what is known from `first` to `last` labels, both included."""


@dataclass(frozen=True)
class Runs:
    """Runs of one experiment (see `artifacts.accuracy`): tests are paired by seed."""

    accuracy: pd.DataFrame

    @property
    def curves(self) -> pd.DataFrame:
        """See `Evidence`."""
        return learning_curves(self.accuracy)

    def differences(self, strategy: str, rival: str, bound: float) -> Differences:
        """Return differences of runs of one seed, and paired t-tests; see `Evidence`."""
        own, other = common_runs(self.accuracy, strategy, rival)
        gap = own - other - bound
        return Differences(
            labels=gap.columns.to_numpy(dtype=np.int64),
            difference=gap.mean().to_numpy(),
            p_value=np.array([paired_p_value(gap[labels].to_numpy()) for labels in gap]),
            mean=float(gap.mean().mean()),
            mean_p_value=paired_p_value(gap.mean(axis="columns").dropna().to_numpy()),
        )

    def ratio_interval(self, strategy: str, rival: str) -> tuple[float, float]:
        """See `Evidence`."""
        return ratio_difference_interval(self.accuracy, strategy, rival)

    def between(self, first: float, last: float) -> "Runs":
        """See `Evidence`."""
        return Runs(self.accuracy[self.accuracy["labels"].between(first, last)])


@dataclass(frozen=True)
class Curves:
    """Means and standard deviations of one experiment, the runs unknown: tests are Welch's.

    Attributes
    ----------
    curves
        See `accuracy.learning_curves`; `seeds` is the number of runs behind each mean.
    """

    curves: pd.DataFrame

    def differences(self, strategy: str, rival: str, bound: float) -> Differences:
        """Return differences of means, and Welch's t-tests; see `Evidence`.

        How far the runs of a strategy vary together from one number of labels to the next is not
        printed. The standard deviation of their average is taken for the average of the standard
        deviations, which it cannot exceed.
        """
        tables = [
            self.curves[self.curves["strategy"] == name].set_index("labels").sort_index()
            for name in (strategy, rival)
        ]
        own, other = tables[0].align(tables[1], join="inner", axis="index")
        own, other = own[STATISTICS], other[STATISTICS]
        own = own.assign(mean=own["mean"] - bound)
        return Differences(
            labels=own.index.to_numpy(dtype=np.int64),
            difference=(own["mean"] - other["mean"]).to_numpy(),
            p_value=welch_p_value(own, other),
            mean=float((own["mean"] - other["mean"]).mean()),
            mean_p_value=float(welch_p_value(own.mean(), other.mean())),
        )

    def ratio_interval(self, strategy: str, rival: str) -> tuple[float, float]:
        """Return NaN: there are no runs to draw from; see `Evidence`."""
        return np.nan, np.nan

    def between(self, first: float, last: float) -> "Curves":
        """See `Evidence`."""
        return Curves(self.curves[self.curves["labels"].between(first, last)])


def printed_gain(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the gain over Random of printed means, which no seed pairs.

    Returns
    -------
    DataFrame
        As `accuracy.gain_over_random`; `std` is that of the difference of independent runs, so
        that std / sqrt(seeds) is the standard error of `mean`.
    """
    is_base = curves["strategy"] == REFERENCE
    base = curves[is_base].drop(columns=["strategy", "seeds"])
    both = curves[~is_base].merge(base, on=["experiment", "labels"], suffixes=("", "_base"))
    gain = both["mean"] - both["mean_base"]
    return both.assign(mean=gain, std=np.hypot(both["std"], both["std_base"]))[curves.columns]


def welch_p_value(
    one: pd.DataFrame | pd.Series, two: pd.DataFrame | pd.Series
) -> NDArray[np.float64]:
    """Return two-sided p-values of Welch's t-test, from means and standard deviations.

    Parameters
    ----------
    one, two
        `mean`, `std` and `seeds` (numbers of runs), a row for each test or one of each.

    Returns
    -------
    array
        (L,) or () float64; NaN where one of the two has no standard deviation.
    """
    from scipy.stats import ttest_ind_from_stats  # slow to import

    statistics = (np.asarray(side[name]) for side in (one, two) for name in STATISTICS)
    return np.asarray(ttest_ind_from_stats(*statistics, equal_var=False).pvalue)
