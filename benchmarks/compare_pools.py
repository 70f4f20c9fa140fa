"""The pool and the test set of a comparison, and what can be made different about them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntkcpl.precomputed import open_embeddings
from ntkcpl.ready_files import Source
from ntkcpl.seeding import numpy_generator


class Changes(NamedTuple):
    """How a comparison differs from one of images drawn from a file as it is.

    Attributes
    ----------
    pool
        How many images of the file's pool take part, drawn at random; None for all.
    views
        How many of an image's augmented views the classifier is trained on, the embedding itself
        with 0; None for all.
    unbalanced
        Whether the pool's classes are in proportion 1:2:...:C.
    outsiders
        Whether the images of the last class are of no class: a label that is bought for one is
        spent for nothing, and the test set has none of them.
    probe
        Whether a logistic regression on the embedding is tested in the classifier's place.
    """

    pool: int | None = None
    views: int | None = None
    unbalanced: bool = False
    outsiders: bool = False
    probe: bool = False


class Data(NamedTuple):
    """Embeddings and labels: the pool's (N, D), (N,), its views (N, V, D), the test set's.

    Labels of the pool are -1 of images of no class.
    """

    pool: NDArray[np.float32]
    label: NDArray[np.int64]
    views: NDArray[np.floating]
    test: NDArray[np.float32]
    test_label: NDArray[np.int64]

    @property
    def classes(self) -> range:
        """Numbers of the classes."""
        return range(1 + int(max(self.label.max(), self.test_label.max())))


def read_data(file: Path, experiment: str, changes: Changes) -> Data:
    """Read what has a label. Raises EmbeddingsError if `file` is unusable."""
    rng = numpy_generator("compare", experiment, "pool")
    with open_embeddings(file) as given:
        label, test_label = given.label("pool"), given.label("test")
        rows, test_rows = np.flatnonzero(label >= 0), np.flatnonzero(test_label >= 0)
        if changes.unbalanced:
            rows = rows[_unbalanced(label[rows], rng)]
        if changes.pool is not None and changes.pool < len(rows):
            rows = np.sort(rng.choice(rows, changes.pool, replace=False))
        if changes.outsiders:
            last = label[rows].max()
            label = np.where(label == last, -1, label)
            test_rows = test_rows[test_label[test_rows] != last]
        pool = _read_rows(given, "pool/embedding", rows)
        views = pool[:, None]
        if given.has_views and changes.views != 0:
            views = _read_rows(given, "pool/views", rows)[:, : changes.views]
        return Data(
            pool=pool,
            label=label[rows],
            views=views,
            test=_read_rows(given, "test/embedding", test_rows),
            test_label=test_label[test_rows],
        )


def _unbalanced(label: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return increasing rows of which class c has c + 1 shares, as many as there can be."""
    number = np.bincount(label)
    shares = np.arange(1, len(number) + 1)
    scarcest = (number / shares).argmin()
    kept = [
        rng.choice(np.flatnonzero(label == c), size, replace=False)
        for c, size in enumerate(number[scarcest] * shares // shares[scarcest])
    ]
    return np.sort(np.concatenate(kept))


def _read_rows(given: Source, name: str, rows: NDArray[np.int64]) -> NDArray[np.floating]:
    """Return those rows, which increase, of what stands in a data set, as float32."""
    blocks = given.blocks(name, np.dtype(np.float32))
    parts = [block[rows[(rows >= at.start) & (rows < at.stop)] - at.start] for at, block in blocks]
    return np.concatenate(parts)
