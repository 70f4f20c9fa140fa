"""What the classifier says of all images, beside what people said.

That is `predictions.csv`, which opens in a spreadsheet, or, of more images than are of use there,
`predictions.parquet`.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ntkcpl.artifacts.parquet import open_parquet, pyarrow_for, write_parquet
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_table, write_table
from ntkcpl.head import BLOCK, Head
from ntkcpl.labels.names import SKIPPED
from ntkcpl.records import Features, Taken

HOLDOUT = "holdout"  # in place of a round
KIND = "predictions"
CSV, PARQUET = ".csv", ".parquet"
# Arrow's types, of parquet; a round may be HOLDOUT.
COLUMNS = {
    "id": "string",
    "class": "string",
    "probability": "float32",
    "margin": "float32",
    "label": "string",
    "round": "string",
}
MOST_DOUBTFUL = 30
MOST_IN_CSV = 100_000  # images


class Prediction(NamedTuple):
    """A row of the predictions.

    Attributes
    ----------
    id
        The image.
    class_, probability
        The likeliest class, and its probability.
    margin
        By how much that is above the next one's.
    label
        What people said: a class, `SKIPPED`, or nothing.
    round
        From which round on that counts, or `HOLDOUT`; empty where they said nothing.
    """

    id: str
    class_: str
    probability: float
    margin: float
    label: str
    round: str


def predictions(
    features: Features,
    head: Head,
    classes: Sequence[str],
    rounds: Sequence[Taken],
    holdout: Taken | None = None,
) -> Iterator[Prediction]:
    """Yield a prediction for each image of the pool.

    Parameters
    ----------
    features
        The images.
    head
        Of the classifier; its outputs are `classes`.
    classes
        Their names.
    rounds
        What people said, from the first round on.
    holdout
        What they said of images that are held out, if any are.
    """
    parts = [(str(number), taken) for number, taken in enumerate(rounds, start=1)]
    if holdout is not None:
        parts.append((HOLDOUT, holdout))
    said = {
        image: (SKIPPED if label is None else label, part)
        for part, taken in parts
        for image, label in taken.answers.items()
    }
    for start in range(0, len(features.id), BLOCK):
        rows = slice(start, start + BLOCK)
        probability = head.probability(features.embedding[rows])
        ordered = np.sort(probability, axis=1)
        margin = ordered[:, -1] - ordered[:, -2]
        likeliest = (probability.argmax(axis=1), ordered[:, -1], margin)
        cells = zip(features.id[rows], *(values.tolist() for values in likeliest), strict=True)
        for image, class_, p, m in cells:
            yield Prediction(image, classes[class_], p, m, *said.get(image, ("", "")))


def predictions_file(folder: str | Path, images: int) -> Path:
    """Return the file in a folder that holds the predictions of so many images.

    Raises ArtifactError if what writes it is not installed.
    """
    if images <= MOST_IN_CSV:
        return Path(folder, KIND).with_suffix(CSV)
    path = Path(folder, KIND).with_suffix(PARQUET)
    pyarrow_for(path)
    return path


def write_predictions(path: str | Path, rows: Iterable[Prediction], provenance: Provenance) -> None:
    """Write predictions, as CSV or parquet by the suffix of the file.

    Those in the other form, of a pool that was smaller or larger, are deleted: nobody is to take
    them for what holds now. Raises ArtifactError if it cannot be written.
    """
    path = Path(path)
    if path.suffix == PARQUET:
        write_parquet(path, KIND, COLUMNS, rows, provenance)
        path.with_suffix(CSV).unlink(missing_ok=True)
        return
    cells = ((r.id, r.class_, f"{r.probability:.4f}", f"{r.margin:.4f}", *r[4:]) for r in rows)
    write_table(path, KIND, [*COLUMNS], cells, provenance, for_excel=True)
    path.with_suffix(PARQUET).unlink(missing_ok=True)


def read_predictions(path: str | Path) -> Iterator[Prediction]:
    """Yield what `write_predictions` wrote; of parquet, one row group after the other is read.

    Raises ArtifactError if it is unusable (see `read_table`, `open_parquet`).
    """
    if Path(path).suffix == PARQUET:
        with open_parquet(path, KIND) as table:
            yield from map(Prediction._make, table.rows(COLUMNS))
        return
    rows, _ = read_table(path, KIND, [*COLUMNS])
    for row in rows:
        image, class_, p, m, *said = row.values()
        yield Prediction(image, class_, float(p), float(m), *said)


def doubtful(rows: Iterable[Prediction], number: int = MOST_DOUBTFUL) -> list[Prediction]:
    """Return the images without a label whose margin is the smallest, that one first."""
    open_ = (row for row in rows if not row.label)
    return nsmallest(number, open_, key=lambda row: (row.margin, row.id))
