"""What a stage hands to the next, as arrays: a round can be run from these alone, without a file.

`ntkcpl.artifacts` reads and writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ntkcpl.head import Head


def no_rows() -> NDArray[np.int64]:
    """Return no indices, (0,)."""
    return np.empty(0, dtype=np.int64)


class Rows(Protocol):
    """Rows that are read as they are asked for: an array, or a data set of an HDF5 file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return the rows of increasing indices."""


@dataclass(frozen=True)
class SomeRows:
    """Some rows of a large array, asked for by their indices in it.

    Attributes
    ----------
    index : int64 (B,)
        Which rows.
    rows : (B, ...)
        What stands there.
    """

    index: NDArray[np.int64]
    rows: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """As of `rows`."""
        return self.rows.shape

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return the rows of some indices; raises KeyError for one that is not among them."""
        place = {row: number for number, row in enumerate(self.index.tolist())}
        found: NDArray[Any] = self.rows[[place[row] for row in rows.tolist()]]
        return found


@dataclass(frozen=True)
class Features:
    """What is known of all images before any is labelled.

    Attributes
    ----------
    embedding : float32 or float16 (N, D)
        Embeddings of the pool; they may be mapped from a file, of which what is used is read.
    views : float (N, V, D)
        Embeddings of augmented views of the pool, on which the classifier is trained: an array, or
        a data set of an HDF5 file, of which only the rows asked for are read. V is 0 where views
        are embedded of labelled images only, and `SomeRows` to be put here.
    label : int64 (N,)
        Classes of the pool, -1 where unknown.
    id : list of N str
        File names or data set indices of the pool.
    test_embedding, test_label
        float32 (T, D) and int64 (T,).
    classes : list of C str
        Names of the classes.
    digest
        Of the file that they come from; empty if they come from none.
    """

    embedding: NDArray[np.floating]
    views: Rows
    label: NDArray[np.int64]
    id: list[str]
    test_embedding: NDArray[np.float32]
    test_label: NDArray[np.int64]
    classes: list[str]
    digest: str = ""

    def views_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of the augmented views of `rows`, float32 (len(rows), V, D)."""
        order = np.argsort(rows)
        block = np.empty((len(rows), *self.views.shape[1:]), dtype=np.float32)
        block[order] = self.views[rows[order]]  # HDF5 reads increasing rows only
        return block


@dataclass(frozen=True)
class Taken:
    """What people said that counts from a round on.

    Attributes
    ----------
    asked, offered : dict
        Id -> class, None if it was skipped: of the images that the round asked for, and of others
        that nobody asked for.
    classes : list of str, optional
        Names of the classes that are allowed, in the order of the outputs; None for those that
        occur.
    """

    asked: Mapping[str, str | None]
    offered: Mapping[str, str | None]
    classes: list[str] | None = None

    @property
    def answers(self) -> dict[str, str | None]:
        """Id -> class, None if it was skipped, of all."""
        return {**self.asked, **self.offered}


@dataclass(frozen=True)
class Held:
    """What people have said of the pool in some rounds.

    Attributes
    ----------
    labelled, label : int64 (L,)
        Pool indices of the images that have a class, in the order in which they came, and these.
    skipped : int64 (S,)
        Pool indices of the images that have none.
    classes : list of C str
        Names of the classes.
    digests
        Of the files that they come from.
    """

    labelled: NDArray[np.int64]
    label: NDArray[np.int64]
    skipped: NDArray[np.int64]
    classes: list[str]
    digests: Sequence[str] = ()

    def put_in(self, features: Features) -> Features:
        """Return the features with these labels and classes in place of all others."""
        label = np.full(len(features.id), -1, dtype=np.int64)
        label[self.labelled] = self.label
        unknown = np.full(len(features.test_label), -1, dtype=np.int64)
        return replace(features, label=label, test_label=unknown, classes=self.classes)


@dataclass(frozen=True)
class Clusters:
    """A pseudo-label for each pool sample that a strategy considers.

    Attributes
    ----------
    index : int64 (M,)
        Increasing pool indices: the candidates and the labelled samples.
    pseudo_label : int64 (M,)
        Cluster, in [0, K), of each of them.
    labelled : int64 (L,)
        Pool indices of the labelled samples, in the order in which they were bought.
    labelled_class : int64 (K,)
        Class of the labelled samples in each cluster, -1 without any, -2 if they are of several.
    splits : dict of int64 (S,)
        The log of Alg. 2, a row a split: `parent` (the cluster split), `child` (the new cluster),
        `confusing` (confusing samples before the split), `size` (samples before the split).
    weight : int64 (M,), optional
        How many samples of the pool each stands for; one without.
    """

    index: NDArray[np.int64]
    pseudo_label: NDArray[np.int64]
    labelled: NDArray[np.int64]
    labelled_class: NDArray[np.int64]
    splits: Mapping[str, NDArray[np.int64]]
    weight: NDArray[np.int64] = field(default_factory=no_rows)

    def __post_init__(self) -> None:
        if not len(self.weight):
            object.__setattr__(self, "weight", np.ones(len(self.index), dtype=np.int64))

    @property
    def n_clusters(self) -> int:
        """Number of clusters, K."""
        return len(self.labelled_class)


@dataclass(frozen=True)
class Classifier:
    """The classifier trained after a round.

    Attributes
    ----------
    labelled : int64 (L,)
        Pool indices that it was trained on, in the order in which they were bought.
    state : dict of arrays
        torch's state dict of its two layers.
    metrics : dict of float
        test_accuracy, pool_accuracy (shares in [0, 1]), train_loss, selection_seconds,
        training_seconds.
    digest
        Of the file that it comes from; empty if it comes from none.
    """

    labelled: NDArray[np.int64]
    state: Mapping[str, NDArray[Any]]
    metrics: Mapping[str, float]
    digest: str = ""

    @cached_property
    def head(self) -> Head:
        """Its two layers, which say what it predicts."""
        return Head.from_state(self.state)


@dataclass(frozen=True)
class Batch:
    """The images to label, in the order in which they were chosen.

    Attributes
    ----------
    index : int64 (budget,)
        Pool indices.
    estimated_coverage : float64 (budget,), optional
        Share of the considered pool estimated to be right once this image is labelled.
    seconds : float64 (budget,), optional
        Time from the start of the query to each choice; None if they came all at once.
    """

    index: NDArray[np.int64]
    estimated_coverage: NDArray[np.float64] | None = None
    seconds: NDArray[np.float64] | None = None
