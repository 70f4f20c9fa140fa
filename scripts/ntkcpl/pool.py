"""What a strategy may know of the pool, and what of it depends on the classifier."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntkcpl.head import BLOCK, Head
from ntkcpl.records import Clusters, no_rows


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
    labelled: NDArray[np.int64] = field(default_factory=no_rows)
    label: NDArray[np.int64] = field(default_factory=no_rows)
    head: Head | None = None
    clusters: Clusters | None = None
    skipped: NDArray[np.int64] = field(default_factory=no_rows)
    weight: NDArray[np.int64] = field(default_factory=no_rows)

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

    def score(
        self,
        question: Callable[[NDArray[np.float64]], NDArray[np.float64]],
        rows: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Return a number for each of some images, (n,), that a question makes of its probability.

        The question is asked about (b, C) at a time: of many images and classes all are too many.
        """
        return self._ask(lambda x: question(self.classifier.probability(x)), rows)

    def hidden(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the active-learning features of some images, the hidden units, (n, H)."""
        return self._ask(self.classifier.hidden, rows)

    def hidden_and_probability(
        self, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return both, for the time of the first."""
        hidden = self.hidden(rows)
        return hidden, self.classifier.probability_of(hidden)

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
