"""What happened in each epoch, and `pretrain.csv`."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from ntkcpl.artifacts.files import atomic


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


def write_history(path: str | Path, history: Sequence[Row]) -> None:
    """Write `pretrain.csv`, a line an epoch; k-NN accuracy is empty where it was not measured."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(Row.__annotations__), lineterminator="\n")
        writer.writeheader()
        for row in history:
            accuracy = row["knn_accuracy"]
            known = "" if math.isnan(accuracy) else f"{accuracy:.4f}"
            text = {name: f"{row[name]:.6f}" for name in ("loss", "output_std")}
            text |= {"knn_accuracy": known, "seconds": f"{row['seconds']:.3f}"}
            writer.writerow({"epoch": row["epoch"]} | text)
