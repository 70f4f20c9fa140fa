"""`accuracy.csv`: a row for each classifier trained; shares are in [0, 1]."""

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
        ordered(frame)
        .sort_values([*RUN, "round"])
        .round({"selection_seconds": 4, "training_seconds": 4})
    )
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
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
