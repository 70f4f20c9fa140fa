"""`features.h5`: embeddings, labels and ids of all images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.hdf5 import Layout, open_hdf5
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.records import Features, Rows

ITSELF = "embedding"  # what `only_view` names where it is the embedding itself

LAYOUT = Layout(
    "features",
    {
        "pool/embedding": ("f", "N D"),
        "pool/views": ("f2", "N V D"),
        "pool/label": ("i8", "N"),
        "pool/id": ("str", "N"),
        "test/embedding": ("f4", "T D"),
        "test/label": ("i8", "T"),
        "test/id": ("str", "T"),
        "classes": ("str", "C"),
    },
)


@dataclass(frozen=True)
class _StoredViews:
    """The views of `features.h5`, read for the rows that are asked for."""

    path: Path
    shape: tuple[int, ...]
    digest: str

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        with open_hdf5(self.path, LAYOUT) as file:
            if file.attrs["digest"] != self.digest:
                raise ArtifactError(f"{self.path} was replaced while it was in use: run again")
            views: NDArray[np.float16] = file.read("pool/views", rows)
        return views


def read_features(path: str | Path, expected: Provenance | None = None) -> Features:
    """Read `features.h5`; the pool's embedding is mapped, its views stay in the file.

    Raises ArtifactError (see `open_hdf5`).
    """
    with open_hdf5(path, LAYOUT, expected) as file:
        embedding = file.map("pool/embedding")
        views: Rows = _StoredViews(Path(path), file.shape("pool/views"), file.attrs["digest"])
        if file.attrs.get("only_view") == ITSELF:
            views = embedding[:, None]
        return Features(
            embedding=embedding,
            views=views,
            label=file.read("pool/label"),
            id=file.read("pool/id"),
            test_embedding=file.read("test/embedding"),
            test_label=file.read("test/label"),
            classes=file.read("classes"),
            digest=file.attrs["digest"],
        )


def read_ids(path: str | Path, expected: Provenance | None = None) -> list[str]:
    """Return the ids of the pool in `features.h5`, and read nothing else."""
    with open_hdf5(path, LAYOUT, expected) as file:
        ids: list[str] = file.read("pool/id")
        return ids


def read_feature_facts(
    path: str | Path, expected: Provenance | None = None
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the attributes of `features.h5`, and the sizes of what it holds.

    The sizes are those of `pool`, `dimension`, `views`, `test` and `classes`.
    """
    with open_hdf5(path, LAYOUT, expected) as file:
        pool, views, dimension = file.shape("pool/views")
        (test,), (classes,) = file.shape("test/id"), file.shape("classes")
        views += file.attrs.get("only_view") == ITSELF
        sizes = {"pool": pool, "dimension": dimension, "views": int(views)}
        return dict(file.attrs), sizes | {"test": test, "classes": classes}
