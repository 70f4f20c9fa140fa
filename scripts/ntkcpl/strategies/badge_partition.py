"""BADGE for large pools: in random parts of the pool, each with its share of the budget."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ntkcpl.strategies.badge import seed_by_gradient
from ntkcpl.strategies.base import Batch, Pool, Strategy


class BadgePartition(Strategy):
    """BADGE in random parts of the pool (Citovsky et al. 2021, A.1; Emam et al. 2021).

    Parts and their shares of the budget differ by at most one. With P parts it takes 1/P of the
    time.
    """

    method: Literal["badge_partition"] = "badge_partition"
    random_start = True
    reads_hidden = True
    parts: Annotated[int, Field(ge=1)] = 10
    """Parts of the unlabelled pool, but no more than images to choose."""

    def query(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:  # noqa: D102
        if pool.probability is None or pool.hidden is None:
            raise ValueError(
                "badge_partition needs a trained classifier: start from a random batch"
            )
        parts = min(self.parts, budget)
        rows = np.array_split(rng.permutation(pool.unlabelled), parts)
        shares = np.array_split(np.arange(budget), parts)
        chosen = []
        for part, share in zip(map(np.sort, rows), shares, strict=True):
            probability, hidden = pool.probability[part], pool.hidden[part]
            chosen.append(part[seed_by_gradient(probability, hidden, len(share), rng)])
        return Batch(np.concatenate(chosen))
