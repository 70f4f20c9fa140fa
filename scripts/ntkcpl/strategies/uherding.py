"""UHerding: the images that together cover the uncertain part of the pool best."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from ntkcpl.estimate import estimate_accuracy, estimating_memory, temperature_of_confidence
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.head import asking_memory
from ntkcpl.settings import Positive
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool
from ntkcpl.strategies.margin import margins
from ntkcpl.strategies.maxherding import coverage_memory

DUPLICATE_DISTANCE = 1e-3  # embeddings closer than this are of one and the same image


class UHerding(PairwiseStrategy):
    """Uncertainty herding (Bae, Oliveira, Sutherland 2025, Alg. 1).

    Greedy maximisation of the coverage as in MaxHerding, each image weighted by the classifier's
    uncertainty: one minus the margin between the two likeliest classes. Before there is a
    classifier, all weights are one.
    """

    method: Literal["uherding"] = "uherding"
    about = About(
        paper="Bae, Oliveira and Sutherland 2025",
        relevance="margin of the output",
        diversity="coverage by a Gaussian kernel",
        cost="M² D, M candidates",
    )
    bandwidth: Positive | Literal["adaptive"] = "adaptive"
    """σ; the paper's is adaptive: the smallest distance between labelled images."""
    temperature: Positive | Literal["fitted"] = 1.0
    """Divides the outputs before the softmax; fitted, it is the one at which the classifier is as
    sure of the pool, on average, as it is right, by the estimate from the labels held."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        coverage = coverage_memory(n, d)
        if self.temperature == "fitted":
            coverage = max(coverage, estimating_memory(n, d, labels))
        return considering + asking_memory(n, d) + coverage

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        from ntkcpl.geometry.herding import (  # with numba, which the parser does without
            Coverage,
            herd,
        )

        x = scale_embedding(pool.embedding, "l2")
        sigma = self.bandwidth
        if sigma == "adaptive":
            sigma = _smallest_distance(x[pool.labelled])
        weight = self._uncertainty(pool, rng) * pool.weight
        coverage = Coverage(x, weight, sigma, pool.labelled)
        return Batch(herd(coverage, pool.unlabelled, budget))

    def _uncertainty(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.float64]:
        from scipy.special import softmax

        if pool.head is None:
            return np.ones(len(pool.embedding))
        logits = pool.head.logits(pool.embedding)
        temperature = self.temperature
        if temperature == "fitted":
            temperature = temperature_of_confidence(
                logits, estimate_accuracy(pool, rng), pool.weight
            )
        return 1 - margins(softmax(logits / temperature, axis=1))


def _smallest_distance(x: NDArray[np.float32]) -> float:
    """Return the smallest distance between different rows, 1 where there are not two."""
    from scipy.spatial.distance import pdist

    distance = pdist(x) if len(x) else np.empty(0)
    distance = distance[distance > DUPLICATE_DISTANCE]
    return float(distance.min()) if len(distance) else 1.0
