"""MaxHerding: the images that together cover the pool best."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from ntkcpl.scaling import scale_embedding
from ntkcpl.strategies.base import Batch, Pool, Strategy


class MaxHerding(Strategy):
    """MaxHerding (Bae, Noh, Sutherland 2024, "Generalized coverage ...", section 3).

    Greedy maximisation of the generalised coverage: the mean over the pool of the Gaussian kernel
    exp(-‖x - x'‖² / σ²) between each image and the nearest labelled or chosen one, on embeddings
    of unit length. It needs no classifier.
    """

    method: Literal["maxherding"] = "maxherding"
    bandwidth: Annotated[float, Field(gt=0)] = 1.0
    """σ; the paper takes 1 for all data sets."""

    def query(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:  # noqa: D102
        from ntkcpl.herding import Coverage, herd  # with numba, which the parser does without

        x = scale_embedding(pool.embedding, "l2")
        coverage = Coverage(x, np.ones(len(x)), self.bandwidth, pool.labelled)
        return Batch(herd(coverage, pool.unlabelled, budget))
