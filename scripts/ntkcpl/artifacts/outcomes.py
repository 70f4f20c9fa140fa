"""`outcomes.csv`, `cross_validation.csv`: labels beside what classifiers say that never saw them.

A row is an image after a round, whose classifier was trained without its label.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ntkcpl.artifacts.cells import read_cells, write_cells
from ntkcpl.artifacts.files import FIX, ArtifactError


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


def write_outcomes(path: str | Path, outcomes: Iterable[Outcome]) -> None:
    """Write a table of outcomes."""
    write_cells(path, Outcome._fields, [map(str, outcome) for outcome in outcomes])


def read_outcomes(*paths: str | Path) -> pd.DataFrame:
    """Read tables of outcomes as one: columns as `Outcome`, and `right`, bool.

    Raises ArtifactError if one is missing or foreign.
    """
    rows: list[Outcome] = []
    for path in paths:
        try:
            for cells in read_cells(path):
                number, labels, *texts = (cells[name] for name in Outcome._fields)
                rows.append(Outcome(int(number), int(labels), *texts))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path} is no table of outcomes ({error!r}): {FIX}") from error
    frame = pd.DataFrame(rows, columns=list(Outcome._fields))
    return frame.assign(right=frame["label"] == frame["predicted"])
