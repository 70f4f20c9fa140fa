"""`batch.csv`: which images to label in a round, in the order in which they were chosen."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts.cells import escape_formula, read_cells
from ntkcpl.artifacts.files import FIX, ArtifactError, atomic
from ntkcpl.records import Batch, Features

COLUMNS = ["rank", "index", "id", "estimated_coverage", "seconds"]


def write_batch(path: str | Path, features: Features, batch: Batch, seconds: float) -> None:
    """Write `batch.csv`; the column `estimated_coverage` is empty where none is estimated.

    Parameters
    ----------
    path, features
        The file, and the features whose ids it names.
    batch
        The choices.
    seconds
        Time from the start of the selection, clustering included, to the last choice. The file
        says it of each, less the time from that choice to the last.
    """
    before_last = np.zeros(len(batch.index))
    if batch.seconds is not None:
        before_last = batch.seconds[-1] - batch.seconds
    # The names of files in it need not be UTF-8.
    with (
        atomic(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        file.write(_line(COLUMNS))
        for k, i in enumerate(batch.index):
            estimate = batch.estimated_coverage
            coverage = "" if estimate is None else f"{estimate[k]:.6f}"
            at = f"{seconds - before_last[k]:.4f}"
            file.write(_line([k + 1, i, escape_formula(features.id[i]), coverage, at]))


def _line(cells: list[Any]) -> str:
    """Return cells as a line; carriage returns in them are quoted."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def read_ids(path: str | Path) -> list[str]:
    """Return the ids of the images in `batch.csv`, in order; raises ArtifactError if it is none."""
    try:
        return [row["id"] for row in read_cells(path)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is no batch.csv ({error!r}): {FIX}") from error


def read_coverage(path: str | Path) -> float:
    """Return the coverage estimated once all of a `batch.csv` is labelled; NaN if none is.

    Raises ArtifactError as `read_ids` does.
    """
    try:
        return float(read_cells(path)[-1]["estimated_coverage"] or "nan")
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ArtifactError(f"{path} is no batch.csv ({error!r}): {FIX}") from error


def read_rows(path: str | Path, features: Features) -> NDArray[np.int64]:
    """Return the pool indices of the images in it, in order, without those that are gone.

    Raises ArtifactError as `read_ids` does.
    """
    row = {image: number for number, image in enumerate(features.id)}
    return np.array([row[i] for i in read_ids(path) if i in row], dtype=np.int64)


def read_batch(path: str | Path, features: Features, size: int) -> tuple[NDArray[np.int64], float]:
    """Read `batch.csv`; return the pool indices (size,) and the seconds that the selection took.

    Raises
    ------
    ArtifactError
        If the file is missing, truncated or foreign, or if its ids are not those of `features`.
    """
    try:
        rows = read_cells(path)
        table = [(int(row["index"]), row["id"], float(row["seconds"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is no batch.csv ({error!r}): {FIX}") from error
    index = np.array([row[0] for row in table], dtype=np.int64)
    if len(index) != size:
        raise ArtifactError(f"{path} holds {len(index)} choices, expected {size}: {FIX}")
    if index.min() < 0 or index.max() >= len(features.id) or len(np.unique(index)) < size:
        raise ArtifactError(f"{path} repeats an index or names one outside the pool: {FIX}")
    if any(features.id[i] != name for i, name, _ in table):
        raise ArtifactError(f"{path} was made from another pool than the one at hand: {FIX}")
    return index, max(row[2] for row in table)
