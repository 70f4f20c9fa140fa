"""What every strategy is: settings, and a query that is checked in one place."""

import operator
from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from ntkcpl.candidates import Candidates, consider, considering_memory, number_considered
from ntkcpl.head import scoring_memory
from ntkcpl.pool import Pool
from ntkcpl.records import Batch
from ntkcpl.settings import Settings

__all__ = ["About", "Batch", "Candidates", "PairwiseStrategy", "Pool", "Strategy"]


class About(NamedTuple):
    """What a reader wants to know before choosing a strategy: a row of `make strategies`.

    Attributes
    ----------
    paper
        Authors and year.
    relevance
        What makes an image worth a label by itself; "–" for nothing.
    diversity
        What keeps the images of a batch apart; "–" for nothing.
    cost
        Time of a round in N images of the pool, b to choose, D dimensions, H hidden units,
        C classes, K clusters.
    """

    paper: str
    relevance: str
    diversity: str
    cost: str


class Strategy(Settings):
    """A query strategy; its fields are its parameters. A new one writes `choose`."""

    method: str
    """Name of the file that defines the strategy."""

    about: ClassVar[About]
    needs_classifier: ClassVar[bool] = False
    """Whether it asks the last classifier; its first batch is then random."""
    needs_clusters: ClassVar[bool] = False
    """Whether it needs what its `clustering` makes."""

    def clustering(self, labels: int, first_budget: int) -> Settings | None:
        """Return what must be clustered before the strategy is asked; None for nothing.

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

    def memory(self, n: int, d: int, labels: int = 0) -> int:
        """Return about how many bytes a query takes at its peak, beside the embedding.

        By default that is what it takes to ask the classifier about all images, block by block; a
        strategy that holds more says so.

        Parameters
        ----------
        n
            Images in the pool.
        d
            Dimensions of the embedding or hidden units of the head, whichever are more.
        labels
            Labels held after the round, which bound the labelled images, the batch and the classes.
        """
        return scoring_memory(n, d)

    def starts_at_random(self, pool: Pool) -> bool:
        """Return whether the next batch is random, because there is no classifier to ask yet."""
        return self.needs_classifier and not len(pool.labelled)

    def lacks_clusters(self, pool: Pool) -> bool:
        """Return whether it needs clusters for the next batch that are not there."""
        return self.needs_clusters and pool.clusters is None

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

        Raises
        ------
        ValueError
            If there are not so many images, or if what the strategy needs is missing.
        """
        if len(pool.skipped):
            pool, kept = pool.without_skipped()
            batch = self.query(pool, budget, rng)
            return replace(batch, index=kept[batch.index])
        budget = operator.index(budget)
        left = len(pool.embedding) - len(pool.labelled)
        if not 1 <= budget <= left:
            raise ValueError(f"the budget is {budget}, expected 1 to the {left} unlabelled images")
        if self.starts_at_random(pool):
            return Batch(rng.choice(pool.unlabelled, budget, replace=False))
        if self.needs_classifier and pool.head is None:
            raise ValueError(f"{self.method} needs the classifier trained on the labelled images")
        if self.lacks_clusters(pool):
            raise ValueError(f"{self.method} needs the clusters of its clustering()")
        part, index = self.consider(pool, rng)
        number = len(part.embedding) - len(part.labelled)
        if number < budget:
            raise ValueError(f"{number} candidates are fewer than the budget, {budget}")
        batch = self.choose(part, budget, rng)
        return replace(batch, index=index[batch.index])

    def consider(self, pool: Pool, rng: np.random.Generator) -> tuple[Pool, NDArray[np.int64]]:
        """Return the part of the pool that is chosen from, and which rows it holds, increasing.

        That is all of it or, where it was clustered, what was clustered.
        """
        if pool.clusters is None:
            return pool, np.arange(len(pool.embedding))
        index, weight = pool.clusters.index, pool.clusters.weight
        unlabelled = ~np.isin(index, pool.labelled)
        return pool.part(index[unlabelled], weight[unlabelled])

    @abstractmethod
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        """Do what `query` promises; all that it needs is there, and the budget fits.

        The pool is what is considered: what is summed over it counts each image by its weight.
        """


class PairwiseStrategy(Strategy):
    """A strategy that compares images with each other, and so considers a part of a large pool.

    One that needs clusters hands `candidates` to its `clustering`, and considers what that did.
    """

    candidates: Candidates = 50_000
    """What is considered of the unlabelled pool: so many at random, all, or {prototypes: so many}
    that stand for all."""

    def considered_memory(self, n: int, d: int, labels: int) -> tuple[int, int]:
        """Return how many images are considered, and about how many bytes choosing them takes.

        The parameters are those of `memory`.
        """
        considered = number_considered(self.candidates, n, labels)
        return considered, considering_memory(self.candidates, n, d, labels)

    @override
    def consider(self, pool: Pool, rng: np.random.Generator) -> tuple[Pool, NDArray[np.int64]]:
        if pool.clusters is not None:
            return super().consider(pool, rng)
        return consider(pool, self.candidates, rng)
