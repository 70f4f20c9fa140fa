"""What happened in each epoch, and `pretrain.csv`."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import write_table

KIND = "pretraining"


class Row(TypedDict):
    """One epoch.

    Attributes
    ----------
    epoch
        From 1 on.
    loss
        Its mean.
    output_std
        Standard deviation of the projections of the last batch, each of unit length, times the
        root of their width: near 1 where they fill the sphere, 0 where all are one (section 4.1
        of the SimSiam paper).
    knn_accuracy
        In [0, 1]; NaN where it was not measured.
    seconds
        Wall time.
    """

    epoch: int
    loss: float
    output_std: float
    knn_accuracy: float
    seconds: float


def write_history(path: str | Path, history: Sequence[Row], provenance: Provenance) -> None:
    """Write `pretrain.csv`, a line an epoch; k-NN accuracy is empty where it was not measured."""
    rows = []
    for row in history:
        accuracy = row["knn_accuracy"]
        known = "" if math.isnan(accuracy) else f"{accuracy:.4f}"
        numbers = [f"{row['loss']:.6f}", f"{row['output_std']:.6f}", known, f"{row['seconds']:.3f}"]
        rows.append([row["epoch"], *numbers])
    write_table(path, KIND, list(Row.__annotations__), rows, provenance, clocks=["seconds"])
