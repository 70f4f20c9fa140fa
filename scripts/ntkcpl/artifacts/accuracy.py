"""`accuracy.csv`: a row for each classifier trained; shares are in [0, 1]."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ntkcpl.artifacts.files import FIX, ArtifactError
from ntkcpl.artifacts.frames import read_frame, write_frame
from ntkcpl.artifacts.provenance import Provenance

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
KIND = "accuracy"
CLOCKS = ("selection_seconds", "training_seconds")
RUN = ["experiment", "strategy", "seed"]


def read_accuracy(path: str | Path) -> pd.DataFrame:
    """Read `accuracy.csv`, rows in the order of the file.

    Raises
    ------
    ArtifactError
        If the file is missing or damaged, has other columns, values out of range, two rows for
        one round, or labels that do not grow with the rounds.
    """
    # Only an unlabelled pool has no accuracy.
    frame = read_frame(path, KIND, COLUMNS, missing=["pool_accuracy"])
    _check(frame, path)
    return frame


def write_accuracy(
    path: str | Path, rows: Iterable[Mapping[str, Any]], provenance: Provenance
) -> None:
    """Write `accuracy.csv` atomically.

    Experiments and strategies keep the order in which `rows` first names them (that of the
    configuration, which legends and tables then follow); seeds and rounds increase.

    Parameters
    ----------
    path
        The file.
    rows
        Mappings with the keys of `COLUMNS`, in any order of seeds and rounds.
    provenance
        Where it comes from.

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
    write_frame(path, KIND, frame, provenance, clocks=CLOCKS)


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Make experiments and strategies sort in the order in which they are first named."""
    names = {name: frame[name] for name in ("experiment", "strategy")}
    return frame.assign(**{k: pd.Categorical(v, v.unique()) for k, v in names.items()})


def _check(frame: pd.DataFrame, path: str | Path) -> None:
    """Raise ArtifactError, naming the first broken rule, if `frame` is no table of accuracies."""
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
