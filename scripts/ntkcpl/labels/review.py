"""Labels to check, because a classifier that was trained without them contradicts them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ntkcpl.artifacts.cells import write_cells
from ntkcpl.artifacts.files import write_text
from ntkcpl.labels.kit import image_of, page_kit
from ntkcpl.labels.render import render
from ntkcpl.labels.rows import Row, Suggestion
from ntkcpl.labels.tables import COLUMNS, WAS

MOST = 50  # labels in a list


@dataclass(frozen=True)
class Doubt:
    """A label to check.

    Attributes
    ----------
    id
        The image.
    label
        The class that was said.
    where
        Which file and line says so.
    round
        From which on it counts.
    other
        What the classifier takes the image for.
    """

    id: str
    label: str
    where: str
    round: int
    other: Suggestion


def write_review_table(path: str | Path, doubts: Sequence[Doubt]) -> None:
    """Write `review.csv` atomically: a table of labels to fill in, whose `was` is what was said."""
    header = (*COLUMNS, WAS, "classifier", "probability", "round", "where")
    rows = [
        (d.id, "", d.label, d.other.label, f"{d.other.probability:.4f}", str(d.round), d.where)
        for d in doubts
    ]
    write_cells(path, header, rows)


def write_review_page(
    path: str | Path,
    doubts: Sequence[Doubt],
    thumbnails: Sequence[bytes],
    *,
    experiment: str,
    classes: Sequence[str],
    may_add: bool = True,
    save_to: str = "",
) -> None:
    """Write `review.html` atomically: the labelling page, on which labels are put right.

    It saves a table with `was`, named after the list, so that tables of several lists can lie in
    one folder.

    Parameters
    ----------
    path
        The file.
    doubts
        The labels, the likeliest slip first; one an image, one at least.
    thumbnails
        The images as JPEG.
    experiment
        Its name, for people; it names what the browser keeps.
    classes
        The classes so far, in the order of the keys 1 to 9.
    may_add
        Whether people may add classes.
    save_to
        The folder of labels, which the page names after saving.
    """
    listed = hashlib.sha256(repr([(d.id, d.label) for d in doubts]).encode()).hexdigest()
    images = [
        image_of(Row(d.id, thumbnail, None, d.other))
        | {"was": d.label, "where": d.where, "round": d.round}
        for d, thumbnail in zip(doubts, thumbnails, strict=True)
    ]
    kit = page_kit(
        f"{experiment}/review",
        f"checked-{listed[:8]}.csv",
        images,
        order=range(len(doubts)),
        classes=classes,
        may_add=may_add,
        save_to=save_to,
    )
    kit["review"] = True
    write_text(path, render(kit, title=experiment, part="labels to check", review=True))
