"""What the runs' accuracies say: learning curves, gain over Random, effective budget ratio.

Everything starts from the tidy table of `artifacts.accuracy`. A share is in [0, 1] here and in
files; figures and tables show percent.
"""

import pandas as pd

from ntkcpl.artifacts.accuracy import COLUMNS, ordered
from ntkcpl.refusal import Refusal

CURVE = ["experiment", "strategy", "labels"]
REFERENCE = "random"

# Means of equal accuracies can differ in the last bits; accuracies themselves differ by 1/T.
ROUNDING = 1e-9


class MissingReferenceError(Refusal):
    """No run of Random to compare with; the message is one sentence."""


def has_reference(accuracy: pd.DataFrame) -> bool:
    """Return whether any experiment ran Random, so that gains and ratios exist."""
    return REFERENCE in set(accuracy["strategy"])


def learning_curves(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation of the test accuracy over seeds.

    Returns
    -------
    DataFrame
        experiment, strategy, labels, mean, std, seeds: strategies in the order of `accuracy`,
        labels increasing. `std` is the sample standard deviation (ddof = 1), NaN with one seed:
        one run does not tell the spread, and 0 would claim that there is none.
    """
    return _over_seeds(accuracy, "test_accuracy")


def gain_over_random(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return by how much each strategy beats Random, as in Fig. 3 of Wen et al. (2023).

    The gain is the difference between runs of one experiment, seed and number of labels; runs
    without a counterpart do not count.

    Returns
    -------
    DataFrame
        As `learning_curves`, of the gain (a difference of shares), without Random itself.

    Raises
    ------
    MissingReferenceError
        If no experiment ran Random.
    """
    others, base = _split(accuracy)
    keys = ["experiment", "seed", "labels"]
    base = base[[*keys, "test_accuracy"]].rename(columns={"test_accuracy": "reference"})
    paired = others.merge(base, on=keys, validate="many_to_one")
    paired["gain"] = paired["test_accuracy"] - paired["reference"]
    return _over_seeds(paired, "gain")


def effective_budget_ratio(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the share of label counts at which a strategy is effective (Table 2, ibid.).

    Effective means that the mean over seeds exceeds Random's mean plus Random's standard
    deviation, strictly.

    Parameters
    ----------
    curves
        Means and standard deviations, of runs (see `learning_curves`) or printed ones.
    reference
        Strategy whose mean plus standard deviation is to be exceeded.

    Returns
    -------
    DataFrame
        experiment, strategy, effective, label_counts, ratio. `label_counts` are those that both
        ran and where Random has a standard deviation, that is two seeds or more; `ratio` is
        effective / label_counts, NaN without any. Experiments without Random are left out.

    Raises
    ------
    MissingReferenceError
        If no experiment ran Random.
    """
    others, base = _split(curves)
    threshold = base[["experiment", "labels"]].assign(threshold=base["mean"] + base["std"])
    both = others.merge(threshold, on=["experiment", "labels"])
    both["known"] = both["threshold"].notna()
    both["above"] = both["mean"] > both["threshold"] + ROUNDING
    grouped = both.groupby(["experiment", "strategy"], sort=False)
    ratios = grouped.agg(effective=("above", "sum"), label_counts=("known", "sum")).reset_index()
    countable = ratios["label_counts"].where(ratios["label_counts"] > 0)
    return ratios.assign(ratio=ratios["effective"] / countable)


def _split(accuracy: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of the other strategies and those of Random."""
    if not has_reference(accuracy):
        experiments = ", ".join(accuracy["experiment"].unique())
        raise MissingReferenceError(
            f"gain and effective budget ratio need runs of the strategy {REFERENCE}, "
            f"which {experiments} does not have: add it to the strategies of the experiment"
        )
    is_reference = accuracy["strategy"] == REFERENCE
    return accuracy[~is_reference], accuracy[is_reference]


def _over_seeds(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return mean, std and number of seeds of `column` for each point of each curve."""
    points = ordered(frame).groupby(CURVE, observed=True)[column]
    curves = points.agg(mean="mean", std="std", seeds="count").reset_index()
    return curves.astype({name: COLUMNS[name] for name in CURVE})
