"""`views.h5`: embeddings of the augmented views of the images that a round buys."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.hdf5 import Layout, create_hdf5, made_alike, open_hdf5
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.records import Features, SomeRows

LAYOUT = Layout("views", {"index": ("i8", "B"), "views": ("f2", "B V D"), "image": ("str", "B")})


def write_views(
    path: str | Path,
    index: NDArray[np.int64],
    views: NDArray[np.float16],
    image: Sequence[str],
    seconds: float,
    provenance: Provenance,
) -> None:
    """Write `views.h5`.

    Parameters
    ----------
    path
        The file.
    index, views
        The pool indices (B,), and the views of these (B, V, D).
    image
        What tells B images apart, whatever their indices (see `ntkcpl.datasets.Split.contents`).
    seconds
        The time that they took.
    provenance
        Where the file comes from.
    """
    with create_hdf5(path, LAYOUT, provenance) as file:
        file.store("index", index)
        file.store("views", views)
        file.store("image", image)
        file.attrs["seconds"] = seconds


def read_views(
    paths: Sequence[str | Path], features: Features, expected: Provenance | None = None
) -> tuple[SomeRows, list[str]]:
    """Read `views.h5` of all rounds so far; return them as one, and the files' digests.

    Raises
    ------
    ArtifactError
        If a file is unusable (see `open_hdf5`) or was made from other features.
    """
    expected = (expected or Provenance()).made_from(features=features.digest)
    index, views, digests = [], [], []
    for path in paths:
        with open_hdf5(path, LAYOUT, expected) as file:
            index.append(file.read("index"))
            views.append(file.read("views"))
            digests.append(file.attrs["digest"])
    return SomeRows(np.concatenate(index), np.concatenate(views)), digests


def kept_views(path: str | Path, provenance: Provenance) -> dict[str, NDArray[np.float16]]:
    """Return image -> its views (V, D) in `views.h5`, whatever its index was.

    There are none if the file is missing or unusable, or not made as it would be now.
    """
    if not made_alike(path, LAYOUT, provenance):
        return {}
    try:
        with open_hdf5(path, LAYOUT) as file:
            return dict(zip(file.read("image"), file.read("views"), strict=True))
    except ArtifactError:
        return {}


def read_seconds(path: str | Path, expected: Provenance | None = None) -> float:
    """Return how long the views of a `views.h5` took."""
    with open_hdf5(path, LAYOUT, expected) as file:
        return float(file.attrs["seconds"])
