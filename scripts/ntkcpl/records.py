"""What a stage hands to the next, as arrays: a round can be run from these alone, without a file.

`ntkcpl.artifacts` reads and writes them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ntkcpl.head import Head

BLOCK = 2**16  # rows that are looked at together


def _none() -> NDArray[np.int64]:
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
    weight: NDArray[np.int64] = field(default_factory=_none)

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
class Pool:
    """All that a strategy may know before it chooses. It changes nothing of it.

    Attributes
    ----------
    embedding : float (N, D)
        Self-supervised embeddings.
    labelled, label : int64 (L,)
        Pool indices bought so far, in order, and their classes.
    head
        The last classifier's two layers; None before there is one.
    clusters
        What the strategy's `clustering` made, for strategies that cluster.
    skipped : int64 (S,)
        Pool indices of images that are never asked for: people could not label them, or they are
        held out.
    weight : int64 (N,), optional
        How many images each stands for in all that is summed over the pool; one without.

    Raises
    ------
    ValueError
        If these do not fit together, or are not finite; the message is one sentence.
    """

    embedding: NDArray[np.floating]
    labelled: NDArray[np.int64] = field(default_factory=_none)
    label: NDArray[np.int64] = field(default_factory=_none)
    head: Head | None = None
    clusters: Clusters | None = None
    skipped: NDArray[np.int64] = field(default_factory=_none)
    weight: NDArray[np.int64] = field(default_factory=_none)

    def __post_init__(self) -> None:
        if not len(self.weight):
            object.__setattr__(self, "weight", np.ones(len(self.embedding), dtype=np.int64))
        fault = self._fault()
        if fault:
            raise ValueError(fault)

    def _fault(self) -> str:
        """Say what is wrong, or nothing."""
        n = len(self.embedding)
        if np.ndim(self.embedding) != 2 or n == 0:
            return f"the embedding has shape {np.shape(self.embedding)}, expected (N, D) with N > 0"
        if not isinstance(
            self.embedding, np.memmap
        ):  # else it was checked on its way into the file
            for start in range(0, n, BLOCK):
                bad = ~np.isfinite(self.embedding[start : start + BLOCK]).all(axis=1)
                if bad.any():
                    return f"row {start + bad.argmax()} of the embedding is not finite"
        for name in ("labelled", "label"):
            array = getattr(self, name)
            if np.ndim(array) != 1 or not np.issubdtype(array.dtype, np.integer):
                return f"{name} is {array.dtype}{array.shape}, expected integers (L,)"
        if len(self.label) != len(self.labelled):
            return f"{len(self.labelled)} images are labelled, but label has {len(self.label)}"
        if ((self.labelled < 0) | (self.labelled >= n)).any():
            return f"labelled must hold indices in [0, {n})"
        if len(np.unique(self.labelled)) < len(self.labelled):
            return "labelled must not repeat an index"
        if self.weight.shape != (n,) or (self.weight < 1).any():
            return f"weight must hold {n} numbers of at least 1"
        if np.isin(self.skipped, self.labelled).any():
            return "an image is both labelled and skipped"
        if (self.label < 0).any():
            return f"image {self.labelled[self.label.argmin()]} has no label"
        if self.head is not None and self.head.weight.shape[1] != self.embedding.shape[1]:
            return (
                f"the classifier was trained on embeddings of {self.head.weight.shape[1]} "
                f"dimensions, these have {self.embedding.shape[1]}"
            )
        if self.clusters is not None and not np.isin(self.labelled, self.clusters.index).all():
            return "the clusters lack an image that is labelled: they are of another round"
        if self.clusters is not None and np.isin(self.skipped, self.clusters.index).any():
            return "the clusters hold an image that is skipped: they are of another round"
        return ""

    @property
    def unlabelled(self) -> NDArray[np.int64]:
        """Increasing pool indices that are neither labelled nor skipped."""
        free = np.ones(len(self.embedding), dtype=bool)
        free[self.labelled] = False
        free[self.skipped] = False
        return np.flatnonzero(free)

    def part(
        self, unlabelled: NDArray[np.int64], weight: NDArray[np.int64] | None = None
    ) -> tuple["Pool", NDArray[np.int64]]:
        """Return the pool as if it held only some unlabelled images, and who its rows are.

        All labelled images stay. The second is increasing indices of this pool, int64.

        Parameters
        ----------
        unlabelled : int64 (M,)
            Which they are.
        weight : int64 (M,), optional
            How many images each stands for from now on; without, as many as before.
        """
        kept = np.sort(np.concatenate([unlabelled, self.labelled]))
        if weight is None and len(kept) == len(self.embedding):
            return self, kept
        weights = self.weight
        if weight is not None:
            weights = weights.copy()
            weights[unlabelled] = weight
        clusters = self.clusters
        if clusters is not None:
            still = np.isin(clusters.index, kept)
            clusters = replace(
                clusters,
                index=np.searchsorted(kept, clusters.index[still]),
                pseudo_label=clusters.pseudo_label[still],
                labelled=np.searchsorted(kept, clusters.labelled),
                weight=clusters.weight[still],
            )
        labelled = np.searchsorted(kept, self.labelled)
        part = Pool(
            self.embedding[kept],
            labelled,
            self.label,
            self.head,
            clusters,
            weight=weights[kept],
        )
        return part, kept

    def without_skipped(self) -> tuple["Pool", NDArray[np.int64]]:
        """Return the pool as if the skipped images had never been in it, and who its rows are."""
        return self.part(self.unlabelled)

    @property
    def classifier(self) -> Head:
        """The head. Raises ValueError where there is no classifier yet."""
        if self.head is None:
            raise ValueError("there is no trained classifier yet")
        return self.head

    def probability(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the classifier's softmax output for some images, (n, C)."""
        return self._ask(self.classifier.probability, rows)

    def hidden(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the active-learning features of some images, the hidden units, (n, H)."""
        return self._ask(self.classifier.hidden, rows)

    def predicted(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the classes that the classifier predicts for some images, (n,)."""
        return self._ask(self.classifier.predicted, rows)

    def _ask(
        self, question: Callable[[NDArray[np.floating]], NDArray[Any]], rows: NDArray[np.int64]
    ) -> NDArray[Any]:
        """Ask about some images block by block: their embeddings need not fit in memory."""
        first = question(self.embedding[rows[:BLOCK]])
        if len(rows) <= BLOCK:
            return first
        answers = np.empty((len(rows), *first.shape[1:]), dtype=first.dtype)
        answers[:BLOCK] = first
        for start in range(BLOCK, len(rows), BLOCK):
            block = slice(start, start + BLOCK)
            answers[block] = question(self.embedding[rows[block]])
        return answers


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
