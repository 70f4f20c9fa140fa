"""Refine: what many strategies would choose is what one of them chooses from."""

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ntkcpl.pseudo_labels import Clustering
from ntkcpl.settings import Count, Repeats
from ntkcpl.strategies.alfamix import AlfaMix
from ntkcpl.strategies.badge import Badge
from ntkcpl.strategies.bait import BAIT
from ntkcpl.strategies.base import About, Batch, Pool, Strategy
from ntkcpl.strategies.dropquery import DropQuery
from ntkcpl.strategies.margin import Margin
from ntkcpl.strategies.maxherding import MaxHerding
from ntkcpl.strategies.random import Random
from ntkcpl.strategies.typiclust import TypiClust
from ntkcpl.strategies.uherding import UHerding

ENSEMBLE: tuple[Strategy, ...] = (
    Random(),
    Margin(),
    Badge(),
    BAIT(),
    TypiClust(),
    AlfaMix(),
    DropQuery(),
    MaxHerding(),
    UHerding(),
)


class Refine(Strategy):
    """Refine (Huseljic et al. 2026, "Cleaning the pool").

    In each of some passes, every strategy of an ensemble chooses batches from random subsets of
    the pool, and the pool becomes the union of all these batches. From what is left UHerding
    chooses, so that what the ensemble holds for worthwhile is covered. The first batch is random.

    The ensemble (`ENSEMBLE`) has the default parameters of its strategies. TypiClust's clusters are
    those of the whole pool.
    """

    method: Literal["refine"] = "refine"
    about = About(
        paper="Huseljic et al. 2026",
        relevance="some strategy of nine would choose it",
        diversity="coverage by a Gaussian kernel",
        cost="nine strategies, each passes × draws times on a subset",
    )
    needs_classifier = True
    needs_clusters = True
    passes: Repeats = 5
    """How often the pool is filtered."""
    draws: Repeats = 11
    """Subsets that each strategy chooses from in a pass."""
    subset: Count = 5_000
    """Images in a subset in the first pass."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of the pool in a subset in later passes, but at least a batch (α)."""

    @override
    def clustering(self, labels: int, first_budget: int) -> Clustering | None:
        if labels <= first_budget:  # the first batch is random
            return None
        return TypiClust().clustering(labels, first_budget)

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        left = min(n, max(self.subset + labels, len(ENSEMBLE) * self.draws * labels))
        rows_and_weights = 8 * 8 * n  # of the pool and of parts of it
        return (
            rows_and_weights
            + 8 * left * d  # of what is left of it, and of a subset
            + max(member.memory(left, d, labels) for member in ENSEMBLE)
        )

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        left = pool.unlabelled
        size = self.subset
        for _ in range(self.passes):
            left = self._filtered(pool, left, max(size, budget), budget, rng)
            size = int(self.share * len(left))
        part, rows = pool.part(left)
        return Batch(rows[UHerding().query(part, budget, rng).index])

    def _filtered(
        self,
        pool: Pool,
        left: NDArray[np.int64],
        size: int,
        budget: int,
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        """Return what any strategy chooses from any of its subsets of `size` images, increasing."""
        from threadpoolctl import threadpool_info, threadpool_limits

        # For small subsets BLAS's threads would only wait: each takes a choice of its own.
        threads = [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]
        members = [member for member in ENSEMBLE for _ in range(self.draws)]

        def worthwhile(member: Strategy, rng: np.random.Generator) -> NDArray[np.int64]:
            subset = rng.choice(left, min(size, len(left)), replace=False)
            part, rows = pool.part(subset)
            return rows[member.query(part, budget, rng).index]

        workers = ThreadPoolExecutor(max(threads, default=1))  # macOS's own BLAS is not listed
        with threadpool_limits(1, "blas"), workers:
            batches = workers.map(worthwhile, members, rng.spawn(len(members)))
            return np.unique(np.concatenate(list(batches)))
