"""`views.h5`: embeddings of the augmented views of the images that a round buys."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts.files import Provenance
from ntkcpl.artifacts.hdf5 import Layout, create_hdf5, open_hdf5
from ntkcpl.records import Features, SomeRows

LAYOUT = Layout("views", {"index": ("i8", "B"), "views": ("f2", "B V D")})


def write_views(
    path: str | Path,
    index: NDArray[np.int64],
    views: NDArray[np.float16],
    seconds: float,
    provenance: Provenance,
) -> None:
    """Write `views.h5`: the pool indices (B,), their views (B, V, D), and the time they took."""
    with create_hdf5(path, LAYOUT, provenance) as file:
        file.store("index", index)
        file.store("views", views)
        file.attrs["seconds"] = seconds


def read_views(paths: Sequence[str | Path], features: Features) -> tuple[SomeRows, str]:
    """Read `views.h5` of all rounds so far; return them as one, and the digest of the last.

    Raises
    ------
    ArtifactError
        If a file is unusable (see `open_hdf5`) or was made from other features.
    """
    index, views, digest = [], [], ""
    for path in paths:
        with open_hdf5(path, LAYOUT, {"features": features.digest}) as file:
            index.append(file.read("index"))
            views.append(file.read("views"))
            digest = file.attrs["digest"]
    return SomeRows(np.concatenate(index), np.concatenate(views)), digest


def read_seconds(path: str | Path) -> float:
    """Return how long the views of a `views.h5` took."""
    with open_hdf5(path, LAYOUT) as file:
        return float(file.attrs["seconds"])
