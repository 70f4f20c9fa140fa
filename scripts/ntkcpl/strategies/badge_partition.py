"""BADGE for large pools: in random parts of the pool, each with its share of the budget."""

from math import ceil
from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.settings import Count
from ntkcpl.strategies.badge import gradient_memory, seed_by_gradient
from ntkcpl.strategies.base import About, Batch, Pool, Strategy

LARGEST_PART = 100_000  # images, so that memory does not grow with the pool


class BadgePartition(Strategy):
    """BADGE in random parts of the pool (Citovsky et al. 2021, A.1; Emam et al. 2021).

    Parts and their shares of the budget differ by at most one. With P parts it takes 1/P of the
    time. There are more parts than asked for where they would be larger than `LARGEST_PART`.
    """

    method: Literal["badge_partition"] = "badge_partition"
    needs_classifier = True
    about = About(
        paper="Citovsky et al. 2021",
        relevance="length of the loss gradient",
        diversity="distance of gradients within a part, by k-means++",
        cost="N b (C + H) / parts",
    )
    parts: Count = 10
    """Parts of the unlabelled pool at least, but no more than images to choose."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        # Where a batch is too small for so many parts they are larger.
        return gradient_memory(min(ceil(n / self.parts), LARGEST_PART), d) + 16 * n

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        unlabelled = pool.unlabelled
        parts = min(max(self.parts, ceil(len(unlabelled) / LARGEST_PART)), budget)
        rows = np.array_split(rng.permutation(unlabelled), parts)
        shares = np.array_split(np.arange(budget), parts)
        chosen = []
        for part, share in zip(map(np.sort, rows), shares, strict=True):
            hidden, probability = pool.hidden_and_probability(part)
            chosen.append(
                part[seed_by_gradient(probability, hidden, len(share), rng, pool.weight[part])]
            )
        return Batch(np.concatenate(chosen))
