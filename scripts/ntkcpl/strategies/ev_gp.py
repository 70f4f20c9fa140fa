"""EV-GP: the images that together leave the least variance under the NTK."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.regression.settings import KernelRegression
from ntkcpl.settings import Count
from ntkcpl.strategies.base import About, Batch, Pool, Strategy, random_part


class EVGP(KernelRegression, Strategy):
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
    candidates: Count | Literal["all"] = 10_000
    """Size of the random part of the unlabelled pool that is considered in a round."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        m = n if self.candidates == "all" else min(n, self.candidates + labels)
        return self.regression_memory(m, d, labels, n_classes=0)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        candidates = random_part(pool, self.candidates, budget, rng)
        index = np.concatenate([candidates, pool.labelled])
        variance = self.weighted_variance(
            pool.embedding[index], np.ones(len(index)), np.arange(len(candidates), len(index)), rng
        )
        return Batch(index[variance.select(budget)])
