"""Weighted variance: the images that together leave the least variance where it matters."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ntkcpl.head import asking_memory
from ntkcpl.regression.settings import KernelRegression
from ntkcpl.strategies.bait import bernoulli_variance
from ntkcpl.strategies.base import About, Batch, Candidates, PairwiseStrategy, Pool
from ntkcpl.strategies.margin import margins


class WeightedNTKVariance(KernelRegression, PairwiseStrategy):
    """The largest fall of the NTK's variance, weighted by the classifier's uncertainty; new here.

    Let R be the posterior covariance of the Gaussian process with the NTK of the classifier's head,
    given the labelled images. Images are chosen one by one, each with the largest

        Σ_j w(j) R(i, j)² / (R(i, i) + λ(i)),

    by which its label lowers the weighted sum of variances, Σ_j w(j) R(j, j)
    (`regression.variance`). The weight is one minus the margin of the classifier's two likeliest
    classes; before there is a classifier all weights are one. With all weights one it is EV-GP;
    with the linear kernel, w = p (1 - p) and the noise λ / w it would be the forward step of binary
    BAIT. How it compares with these is still to be measured.
    """

    method: Literal["weighted_variance"] = "weighted_variance"
    about = About(
        paper="new here; after Cohn 1996",
        relevance="fall of the uncertain part's variance",
        diversity="each choice counts for the next",
        cost="M² (D + b), M candidates",
    )
    candidates: Candidates = 10_000
    """What is considered of the unlabelled pool: so many at random, all, or {prototypes: so many}
    that stand for all."""
    weight: Literal["margin", "bernoulli", "one"] = "margin"
    """w: one minus the margin, p (1 - p) with p the largest probability, or one."""
    noise: Literal["equal", "by_weight"] = "equal"
    """λ(i): λ, or λ / w(i) as in BAIT, so that what the classifier is sure of tells less."""
    ridge: Annotated[float, Field(gt=0)] = 0.01
    """λ as a share of the mean of the kernel's diagonal."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        m, considering = self.considered_memory(n, d, labels)
        return considering + asking_memory(m, d) + self.regression_memory(m, d, labels, n_classes=0)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        variance = self.weighted_variance(
            pool.embedding,
            self._importance(pool),
            pool.labelled,
            pool.weight,
            rng,
            noise_by_importance=self.noise == "by_weight",
        )
        return Batch(variance.select(budget))

    def _importance(self, pool: Pool) -> NDArray[np.float64]:
        everything = np.arange(len(pool.embedding))
        if pool.head is None or self.weight == "one":
            return np.ones(len(everything))
        probability = pool.probability(everything)
        if self.weight == "bernoulli":
            return bernoulli_variance(probability.max(axis=1))
        return 1 - margins(probability)
