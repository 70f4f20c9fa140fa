"""Random: the baseline."""

from typing import Literal

import numpy as np

from ntkcpl.strategies.base import Batch, Pool, Strategy


class Random(Strategy):
    """Uniformly random images, without replacement."""

    method: Literal["random"] = "random"
    random_start = True

    def query(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:  # noqa: D102
        return Batch(rng.choice(pool.unlabelled, budget, replace=False))
