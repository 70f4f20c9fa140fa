"""`outcomes.csv`, `cross_validation.csv`: labels beside what classifiers say that never saw them.

A row is an image after a round, whose classifier was trained without its label.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_table, write_table

KIND = "outcomes"


class Outcome(NamedTuple):
    """What was said and what is predicted of an image after a round.

    Attributes
    ----------
    round, labels
        The round, and how many labels its classifier holds.
    id
        The image.
    label
        What people say.
    predicted
        What a classifier says that was trained without this label.
    """

    round: int
    labels: int
    id: str
    label: str
    predicted: str


def write_outcomes(path: str | Path, outcomes: Iterable[Outcome], provenance: Provenance) -> None:
    """Write a table of outcomes."""
    write_table(path, KIND, Outcome._fields, outcomes, provenance)


def read_outcomes(*paths: str | Path) -> pd.DataFrame:
    """Read tables of outcomes as one: columns as `Outcome`, and `right`, bool.

    Raises ArtifactError if one is unusable (see `read_table`).
    """
    rows: list[Outcome] = []
    for path in paths:
        for cells in read_table(path, KIND, Outcome._fields)[0]:
            number, labels, *texts = (cells[name] for name in Outcome._fields)
            rows.append(Outcome(int(number), int(labels), *texts))
    # As objects: pyarrow, by which pandas holds texts where it is installed, takes UTF-8 alone.
    frame = pd.DataFrame(rows, columns=list(Outcome._fields), dtype=object)
    frame = frame.astype({"round": int, "labels": int})
    return frame.assign(right=frame["label"] == frame["predicted"])
