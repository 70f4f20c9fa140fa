"""`predictions.csv`: what the classifier says of all images, beside what people said."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_table, write_table
from ntkcpl.head import Head
from ntkcpl.labels.names import SKIPPED
from ntkcpl.records import Features, Taken

HOLDOUT = "holdout"  # in place of a round
KIND = "predictions"
COLUMNS = ("id", "class", "probability", "margin", "label", "round")
MOST_DOUBTFUL = 30


class Prediction(NamedTuple):
    """A row of `predictions.csv`.

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
    probability = head.probability(features.embedding)
    ordered = np.sort(probability, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    for image, p, m in zip(features.id, probability, margin, strict=True):
        answer = said.get(image, ("", ""))
        yield Prediction(image, classes[p.argmax()], float(p.max()), float(m), *answer)


def write_predictions(path: str | Path, rows: Iterable[Prediction], provenance: Provenance) -> None:
    """Write `predictions.csv`."""
    cells = ((r.id, r.class_, f"{r.probability:.4f}", f"{r.margin:.4f}", *r[4:]) for r in rows)
    write_table(path, KIND, COLUMNS, cells, provenance, for_excel=True)


def read_predictions(path: str | Path) -> list[Prediction]:
    """Read `predictions.csv`. Raises ArtifactError if it is unusable (see `read_table`)."""
    rows, _ = read_table(path, KIND, COLUMNS)
    cells = ([row[name] for name in COLUMNS] for row in rows)
    return [Prediction(i, c, float(p), float(m), *said) for i, c, p, m, *said in cells]


def doubtful(rows: Iterable[Prediction], number: int = MOST_DOUBTFUL) -> list[Prediction]:
    """Return the images without a label whose margin is the smallest, that one first."""
    open_ = [row for row in rows if not row.label]
    return sorted(open_, key=lambda row: (row.margin, row.id))[:number]
