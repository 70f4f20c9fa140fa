"""BADGE for large pools: in random parts of the pool, each with its share of the budget."""

from math import ceil
from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.settings import Count
from ntkcpl.strategies.badge import gradient_memory, seed_by_gradient
from ntkcpl.strategies.base import About, Batch, Pool, Strategy


class BadgePartition(Strategy):
    """BADGE in random parts of the pool (Citovsky et al. 2021, A.1; Emam et al. 2021).

    Parts and their shares of the budget differ by at most one. With P parts it takes 1/P of the
    time.
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
    """Parts of the unlabelled pool, but no more than images to choose."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        return gradient_memory(ceil(n / self.parts), d) + 16 * n

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        parts = min(self.parts, budget)
        rows = np.array_split(rng.permutation(pool.unlabelled), parts)
        shares = np.array_split(np.arange(budget), parts)
        chosen = []
        for part, share in zip(map(np.sort, rows), shares, strict=True):
            probability, hidden = pool.probability(part), pool.hidden(part)
            chosen.append(
                part[seed_by_gradient(probability, hidden, len(share), rng, pool.weight[part])]
            )
        return Batch(np.concatenate(chosen))
