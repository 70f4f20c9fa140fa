"""EV-GP: the images that together leave the least variance under the NTK."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.regression.settings import KernelRegression
from ntkcpl.strategies.base import About, Batch, Candidates, PairwiseStrategy, Pool


class EVGP(KernelRegression, PairwiseStrategy):
    """Expected variance of the Gaussian process with the NTK (Hemachandra et al. 2023).

    Images are chosen one by one, each so that the mean posterior variance of all, were the image
    labelled, would be smallest. It knows no labels and needs no classifier. The paper takes the NTK
    of the whole network; here it is that of the classifier's head on the embedding, as in NTKCPL.
    """

    method: Literal["ev_gp"] = "ev_gp"
    about = About(
        paper="Hemachandra et al. 2023",
        relevance="fall of the variance under the NTK",
        diversity="each choice counts for the next",
        cost="M² (D + b), M candidates",
    )
    candidates: Candidates = 10_000
    """What is considered of the unlabelled pool: so many at random, all, or {prototypes: so many}
    that stand for all."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        m, considering = self.considered_memory(n, d, labels)
        return considering + self.regression_memory(m, d, labels, n_classes=0)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        importance = np.ones(len(pool.embedding))
        variance = self.weighted_variance(
            pool.embedding, importance, pool.labelled, pool.weight, rng
        )
        return Batch(variance.select(budget))
