"""Weighted variance: the images that together leave the least variance where it matters."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.head import asking_memory
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.regression.settings import KernelRegression
from ntkcpl.settings import Count
from ntkcpl.strategies.bait import bernoulli_variance
from ntkcpl.strategies.base import About, Batch, Pool, Strategy, random_part
from ntkcpl.strategies.margin import margins
from ntkcpl.strategies.ntkcpl import NTKCPL


class WeightedNTKVariance(KernelRegression, Strategy):
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
    needs_clusters = True
    about = About(
        paper="new here; after Cohn 1996",
        relevance="fall of the uncertain part's variance",
        diversity="each choice counts for the next",
        cost="M² (D + b), M candidates",
    )
    candidates: Count | Literal["all"] = 10_000
    """Size of the random part of the unlabelled pool that is considered in a round."""
    start: Literal["clusters", "variance"] = "clusters"
    """What chooses the first batch: NTKCPL, by clusters of the embedding; or the variance, with all
    weights one."""
    covariance: Literal["ntk", "linear"] = "ntk"
    """The kernel: that of the classifier's head, or the embeddings' products."""
    weight: Literal["margin", "bernoulli", "one"] = "bernoulli"
    """w: one minus the margin, p (1 - p) with p the largest probability, or one."""
    noise: Literal["equal", "by_weight"] = "by_weight"
    """λ(i): λ, or λ / w(i) as in BAIT, so that what the classifier is sure of tells less."""
    ridge: Annotated[float, Field(gt=0)] = 0.01
    """λ as a share of the mean of the kernel's diagonal."""

    @override
    def clustering(self, labels: int, first_budget: int) -> Clustering | None:
        first = labels == first_budget and self.start == "clusters"
        return self._starter().clustering(labels, first_budget) if first else None

    @override
    def lacks_clusters(self, pool: Pool) -> bool:
        """Return whether there are no clusters for the first batch; later ones do without."""
        first = self.start == "clusters" and not len(pool.labelled)
        return first and super().lacks_clusters(pool)

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        m = n if self.candidates == "all" else min(n, self.candidates + labels)
        later = asking_memory(m, d) + self.regression_memory(m, d, labels, n_classes=0)
        return max(later, self._starter().memory(n, d, labels))

    @override
    def kernel(
        self, embedding: NDArray[np.floating], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        if self.covariance == "ntk":
            return super().kernel(embedding, rng)
        x = scale_embedding(embedding, self.kernel_scaling)
        return x @ x.T

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        if pool.clusters is not None:
            return self._starter().choose(pool, budget, rng)
        candidates = random_part(pool, self.candidates, budget, rng)
        index = np.concatenate([candidates, pool.labelled])
        variance = self.weighted_variance(
            pool.embedding[index],
            self._weights(pool, index),
            np.arange(len(candidates), len(index)),
            rng,
            noise_by_weight=self.noise == "by_weight",
        )
        return Batch(index[variance.select(budget)])

    def _starter(self) -> NTKCPL:
        return NTKCPL(feature="self", candidates=self.candidates)

    def _weights(self, pool: Pool, index: NDArray[np.int64]) -> NDArray[np.float64]:
        if pool.head is None or self.weight == "one":
            return np.ones(len(index))
        probability = pool.probability(index)
        if self.weight == "bernoulli":
            return bernoulli_variance(probability.max(axis=1))
        return 1 - margins(probability)
