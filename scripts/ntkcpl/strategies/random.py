"""Random: the baseline."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.strategies.base import About, Batch, Pool, Strategy


class Random(Strategy):
    """Uniformly random images, without replacement."""

    method: Literal["random"] = "random"
    about = About(paper="–", relevance="–", diversity="–", cost="N")

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        return Batch(rng.choice(pool.unlabelled, budget, replace=False))
