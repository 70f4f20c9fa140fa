"""What happened in each epoch of a pretraining: `pretrain.csv`."""

from pathlib import Path

import pandas as pd

from ntkcpl.artifacts.frames import read_frame
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.pretraining.history import KIND

TYPES = {
    "epoch": "int64",
    "loss": "float64",
    "output_std": "float64",
    "knn_accuracy": "float64",
    "seconds": "float64",
}


def read_history(path: str | Path, expected: Provenance | None = None) -> pd.DataFrame:
    """Read `pretrain.csv`: the columns of `pretraining.history.Row`.

    Raises
    ------
    ArtifactError
        If the file is missing, damaged, or of another pretraining than `expected`.
    """
    return read_frame(path, KIND, TYPES, missing=["knn_accuracy"], expected=expected)
