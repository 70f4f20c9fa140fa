"""`batch.csv`: which images to label in a round, in the order in which they were chosen."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts.files import FIX, ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_table, write_table
from ntkcpl.records import Batch, Features

KIND = "batch"
COLUMNS = ("rank", "index", "id", "estimated_coverage", "seconds")


def write_batch(
    path: str | Path, features: Features, batch: Batch, seconds: float, provenance: Provenance
) -> None:
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
    provenance
        Where it comes from.
    """
    before_last = np.zeros(len(batch.index))
    if batch.seconds is not None:
        before_last = batch.seconds[-1] - batch.seconds
    rows = []
    for k, i in enumerate(batch.index):
        estimate = batch.estimated_coverage
        coverage = "" if estimate is None else f"{estimate[k]:.6f}"
        rows.append([k + 1, i, features.id[i], coverage, f"{seconds - before_last[k]:.4f}"])
    write_table(path, KIND, COLUMNS, rows, provenance, clocks=["seconds"])


def read_ids(path: str | Path) -> list[str]:
    """Return the ids of the images in `batch.csv`, in order.

    Raises
    ------
    ArtifactError
        If the file is unusable (see `read_table`).
    """
    rows, _ = read_table(path, KIND, COLUMNS)
    return [row["id"] for row in rows]


def write_ids(path: str | Path, ids: Iterable[str], provenance: Provenance) -> None:
    """Write `batch.csv` of a holdout: random images, of which some may be gone by now.

    The columns are those of a round, and all are empty but `rank` and `id`.
    """
    rows = [(rank, "", image, "", "") for rank, image in enumerate(ids, start=1)]
    write_table(path, KIND, COLUMNS, rows, provenance, clocks=["seconds"])


def read_rows(path: str | Path, features: Features) -> tuple[NDArray[np.int64], str]:
    """Return the pool indices of the images in it, in order, without those that are gone.

    Beside them its digest. Raises ArtifactError as `read_ids` does.
    """
    row = {image: number for number, image in enumerate(features.id)}
    cells, origin = read_table(path, KIND, COLUMNS)
    index = [row[c["id"]] for c in cells if c["id"] in row]
    return np.array(index, dtype=np.int64), origin["digest"]


def read_coverage(path: str | Path) -> float:
    """Return the coverage estimated once all of a `batch.csv` is labelled; NaN if none is.

    Raises ArtifactError as `read_ids` does.
    """
    rows, _ = read_table(path, KIND, COLUMNS)
    return float(rows[-1]["estimated_coverage"] or "nan")


def read_batch(
    path: str | Path, features: Features, size: int, expected: Provenance | None = None
) -> tuple[NDArray[np.int64], float, str]:
    """Read `batch.csv` of a round that buys `size` images.

    Returns
    -------
    index : int64 (size,)
        Pool indices.
    seconds : float
        The time that the selection took.
    digest : str
        The file's.

    Raises
    ------
    ArtifactError
        If the file is unusable (see `read_table`), or was made from other features.
    """
    expected = (expected or Provenance()).made_from(features=features.digest)
    rows, origin = read_table(path, KIND, COLUMNS, expected)
    index = np.array([int(row["index"]) for row in rows], dtype=np.int64)
    if len(index) != size:
        raise ArtifactError(f"{path} holds {len(index)} choices, expected {size}: {FIX}")
    if any(features.id[i] != row["id"] for i, row in zip(index, rows, strict=True)):
        raise ArtifactError(f"{path} was made from another pool than the one at hand: {FIX}")
    return index, max(float(row["seconds"]) for row in rows), origin["digest"]
