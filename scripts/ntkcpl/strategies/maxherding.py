"""MaxHerding: the images that together cover the pool best."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.geometry.distances import points_memory
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.settings import Positive
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool


def coverage_memory(n: int, d: int) -> int:
    """Return about how many bytes `herding.Coverage` takes: points, and three float32 copies."""
    return points_memory(n, d) + 12 * n * d


class MaxHerding(PairwiseStrategy):
    """MaxHerding (Bae, Noh, Sutherland 2024, "Generalized coverage ...", section 3).

    Greedy maximisation of the generalised coverage: the mean over the pool of the Gaussian kernel
    exp(-‖x - x'‖² / σ²) between each image and the nearest labelled or chosen one, on embeddings
    of unit length. It needs no classifier.
    """

    method: Literal["maxherding"] = "maxherding"
    about = About(
        paper="Bae, Noh and Sutherland 2024",
        relevance="–",
        diversity="coverage by a Gaussian kernel",
        cost="M² D, M candidates",
    )
    bandwidth: Positive = 1.0
    """σ; the paper takes 1 for all data sets."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        return considering + coverage_memory(n, d)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        from ntkcpl.geometry.herding import (  # with numba, which the parser does without
            Coverage,
            herd,
        )

        x = scale_embedding(pool.embedding, "l2")
        coverage = Coverage(x, pool.weight.astype(np.float64), self.bandwidth, pool.labelled)
        return Batch(herd(coverage, pool.unlabelled, budget))
