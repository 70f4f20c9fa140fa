"""What a strategy is given, and what it gives back."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts import Clusters
from ntkcpl.head import Head
from ntkcpl.settings import Settings


@dataclass(frozen=True)
class Pool:
    """All that a strategy may know before it chooses. It changes nothing of it.

    Attributes
    ----------
    embedding : float (N, D)
        Self-supervised embeddings.
    labelled, label : int64 (L,)
        Pool indices bought so far, in order, and their classes.
    probability : float (N, C), optional
        Softmax output of the last classifier; None before the first round.
    hidden : float (N, H), optional
        Active-learning features of the last classifier; None before the first round.
    head
        The last classifier itself, for strategies that ask it about other inputs; None before the
        first round.
    clusters
        What `cluster_pool` made, for strategies that cluster.

    Raises
    ------
    ValueError
        If a row of `embedding` is not finite; the message names it.
    """

    embedding: NDArray[np.floating]
    labelled: NDArray[np.int64]
    label: NDArray[np.int64]
    probability: NDArray[np.floating] | None = None
    hidden: NDArray[np.floating] | None = None
    head: Head | None = None
    clusters: Clusters | None = None

    def __post_init__(self) -> None:
        bad = ~np.isfinite(self.embedding).all(axis=1)
        if bad.any():
            raise ValueError(f"row {bad.argmax()} of the embedding is not finite")

    @property
    def unlabelled(self) -> NDArray[np.int64]:
        """Increasing pool indices that are not labelled."""
        return np.setdiff1d(np.arange(len(self.embedding)), self.labelled)


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


class Strategy(Settings):
    """A query strategy; its fields are its parameters."""

    method: str
    """Name of the file that defines the strategy."""

    random_start: ClassVar[bool] = False
    """Whether the first batch is random, because the strategy needs a trained classifier."""

    reads_hidden: ClassVar[bool] = False
    """Whether it, or its clustering, reads the hidden units: they are only stored if it does."""

    def clustering(self, labels: int, first_budget: int) -> Settings | None:
        """Return what `cluster_pool` must do before the strategy is asked; None for nothing.

        It is a `pseudo_labels.Clustering`, which is not imported here: an edit of that module
        must not make strategies run again that do not cluster.

        Parameters
        ----------
        labels
            Labels held after the round (the paper's b_i).
        first_budget
            Labels held after the first round (b_0).
        """
        return None

    @abstractmethod
    def query(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        """Choose `budget` distinct unlabelled images.

        Parameters
        ----------
        pool
            What is known; it is not changed.
        budget
            Number of images, at most the number of unlabelled ones.
        rng
            The only source of randomness.
        """
