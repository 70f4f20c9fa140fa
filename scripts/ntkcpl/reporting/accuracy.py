"""What the runs' accuracies say: learning curves, gain over Random, effective budget ratio.

Everything starts from one tidy table, `accuracy.csv`: a row for each classifier trained. A share
is in [0, 1] here and in files; figures and tables show percent.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ntkcpl.artifacts.files import FIX, ArtifactError, atomic

COLUMNS = {
    "experiment": "str",
    "strategy": "str",
    "seed": "int64",
    "round": "int64",
    "labels": "int64",
    "test_accuracy": "float64",
    "pool_accuracy": "float64",
    "selection_seconds": "float64",
    "training_seconds": "float64",
}
RUN = ["experiment", "strategy", "seed"]
CURVE = ["experiment", "strategy", "labels"]
REFERENCE = "random"

# Means of equal accuracies can differ in the last bits; accuracies themselves differ by 1/T.
ROUNDING = 1e-9

DISPLAY_NAMES = {
    "random": "Random",
    "entropy": "Entropy",
    "margin": "Margin",
    "bald": "BALD",
    "coreset_self": "Coreset (self)",
    "coreset_al": "Coreset (al)",
    "badge": "BADGE",
    "badge_partition": "BADGE (partition)",
    "alfamix": "ALFA-Mix",
    "dropquery": "DropQuery",
    "typiclust": "TypiClust",
    "probcover": "ProbCover",
    "maxherding": "MaxHerding",
    "uherding": "UHerding",
    "lookahead": "LookAhead",
    "ntkcpl_self": "NTKCPL (self)",
    "ntkcpl_al": "NTKCPL (al)",
}


class MissingReferenceError(Exception):
    """No run of the reference strategy to compare with; the message is one sentence."""


def display_name(strategy: str) -> str:
    """Return how figures and tables call `strategy`; a name of the user's own stays as it is."""
    return DISPLAY_NAMES.get(strategy, strategy)


def has_reference(accuracy: pd.DataFrame, reference: str = REFERENCE) -> bool:
    """Return whether any experiment ran `reference`, so that gains and ratios exist."""
    return reference in set(accuracy["strategy"])


def read_accuracy(path: str | Path) -> pd.DataFrame:
    """Read `accuracy.csv`, rows in the order of the file.

    Raises
    ------
    ArtifactError
        If the file is missing or damaged, has other columns, values out of range, two rows for
        one round, or labels that do not grow with the rounds.
    """
    try:
        # A strategy may be called "null" or "nan"; only an unlabelled pool has no accuracy.
        frame = pd.read_csv(
            path,
            dtype=COLUMNS,
            keep_default_na=False,
            na_values={"pool_accuracy": [""]},
        )
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} does not exist: run the stage that makes it") from error
    except (OSError, ValueError) as error:
        reason = str(error).strip().replace("\n", " ")
        raise ArtifactError(f"{path} is no accuracy.csv ({reason}): {FIX}") from error
    _check(frame, path)
    return frame


def write_accuracy(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `accuracy.csv` atomically.

    Experiments and strategies keep the order in which `rows` first names them (that of the
    configuration, which legends and tables then follow); seeds and rounds increase.

    Parameters
    ----------
    path
        The file.
    rows
        Mappings with the keys of `COLUMNS`, in any order of seeds and rounds.

    Raises
    ------
    ArtifactError
        If the rows are not what `read_accuracy` would accept.
    """
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    _check(frame, path)
    frame = (
        _ordered(frame)
        .sort_values([*RUN, "round"])
        .round({"selection_seconds": 4, "training_seconds": 4})
    )
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


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


def gain_over_random(accuracy: pd.DataFrame, reference: str = REFERENCE) -> pd.DataFrame:
    """Return by how much each strategy beats Random, as in Fig. 3 of Wen et al. (2023).

    The gain is the difference between runs of one experiment, seed and number of labels; runs
    without a counterpart do not count.

    Returns
    -------
    DataFrame
        As `learning_curves`, of the gain (a difference of shares), without the reference itself.

    Raises
    ------
    MissingReferenceError
        If no experiment ran `reference`.
    """
    others, base = _split(accuracy, reference)
    keys = ["experiment", "seed", "labels"]
    base = base[[*keys, "test_accuracy"]].rename(columns={"test_accuracy": "reference"})
    paired = others.merge(base, on=keys, validate="many_to_one")
    paired["gain"] = paired["test_accuracy"] - paired["reference"]
    return _over_seeds(paired, "gain")


def effective_budget_ratio(curves: pd.DataFrame, reference: str = REFERENCE) -> pd.DataFrame:
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
        If no experiment ran `reference`.
    """
    others, base = _split(curves, reference)
    threshold = base[["experiment", "labels"]].assign(threshold=base["mean"] + base["std"])
    both = others.merge(threshold, on=["experiment", "labels"])
    both["known"] = both["threshold"].notna()
    both["above"] = both["mean"] > both["threshold"] + ROUNDING
    grouped = both.groupby(["experiment", "strategy"], sort=False)
    ratios = grouped.agg(effective=("above", "sum"), label_counts=("known", "sum")).reset_index()
    countable = ratios["label_counts"].where(ratios["label_counts"] > 0)
    return ratios.assign(ratio=ratios["effective"] / countable)


def _split(accuracy: pd.DataFrame, reference: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of the other strategies and those of the reference."""
    if not has_reference(accuracy, reference):
        experiments = ", ".join(accuracy["experiment"].unique())
        raise MissingReferenceError(
            f"gain and effective budget ratio need runs of the strategy {reference}, "
            f"which {experiments} does not have: add it to the strategies of the experiment"
        )
    is_reference = accuracy["strategy"] == reference
    return accuracy[~is_reference], accuracy[is_reference]


def _over_seeds(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return mean, std and number of seeds of `column` for each point of each curve."""
    points = _ordered(frame).groupby(CURVE, observed=True)[column]
    curves = points.agg(mean="mean", std="std", seeds="count").reset_index()
    return curves.astype({name: COLUMNS[name] for name in CURVE})


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Make experiments and strategies sort in the order in which they are first named."""
    names = {name: frame[name] for name in ("experiment", "strategy")}
    return frame.assign(**{k: pd.Categorical(v, v.unique()) for k, v in names.items()})


def _check(frame: pd.DataFrame, path: str | Path) -> None:
    """Raise ArtifactError, naming the first broken rule, if `frame` is no table of accuracies."""
    if list(frame.columns) != list(COLUMNS):
        raise ArtifactError(
            f"{path} has the columns {','.join(map(str, frame.columns))}, expected "
            f"{','.join(COLUMNS)}: {FIX}"
        )
    sound = {
        "no rows": len(frame) > 0,
        "an empty name": frame[["experiment", "strategy"]].ne("").all(axis=None),
        "a round or a number of labels below 1": (frame[["round", "labels"]] >= 1).all(axis=None),
        "a test accuracy outside [0, 1]": frame["test_accuracy"].between(0, 1).all(),
        "a pool accuracy outside [0, 1]": frame["pool_accuracy"].dropna().between(0, 1).all(),
        "a missing or negative time": (
            (frame[["selection_seconds", "training_seconds"]] >= 0).all(axis=None)
        ),
        "two rows for one round": not frame.duplicated([*RUN, "round"]).any(),
        "labels that do not grow with the rounds": (
            frame.sort_values("round").groupby(RUN)["labels"].diff().dropna().gt(0).all()
        ),
    }
    for problem, holds in sound.items():
        if not holds:
            raise ArtifactError(f"{path} has {problem}: {FIX}")
