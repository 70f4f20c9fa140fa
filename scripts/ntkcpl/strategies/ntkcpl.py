"""NTKCPL: the images that most raise the estimated coverage of the pool."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.geometry.scaling import Scaling
from ntkcpl.pseudo_labels import Clustering, Constraint, merge_known
from ntkcpl.regression.settings import KernelRegression
from ntkcpl.settings import Count, Positive, Repeats
from ntkcpl.strategies.base import About, Batch, Candidates, PairwiseStrategy, Pool


class NTKCPL(KernelRegression, PairwiseStrategy):
    """NTKCPL (Wen, Pizarro, Williams 2023, Alg. 1 and 2).

    Clusters stand in for the unknown classes; kernel regression with the NTK of the classifier
    stands in for training it. Images are chosen one by one, each so that the regression, were the
    image labelled with its cluster, would be least wrong about the clusters of all: by its squared
    error or, to the letter of Alg. 1, by the number of wrong predictions (docs/method.md compares).
    """

    method: Literal["ntkcpl"] = "ntkcpl"
    needs_clusters = True
    about = About(
        paper="Wen, Pizarro and Williams 2023",
        relevance="fall of the estimated risk",
        diversity="each choice counts for the next",
        cost="M² (C + b), M candidates",
    )
    feature: Literal["self", "al"]
    """Cluster the self-supervised embedding, or the classifier's hidden units once it has some."""
    candidates: Candidates = 10_000
    """What is considered of the unlabelled pool: so many at random, all, or {prototypes: so many}
    that stand for all."""
    max_clusters: Count = 500
    """Largest number of clusters (C_max)."""
    labels_per_cluster: Positive = 2.0
    """There is one cluster for so many labels, from the first budget (C₀) to `max_clusters`."""
    splitting: bool = True
    """Whether Alg. 2 splits C₀ clusters until there are enough, or k-means makes them all."""
    merging: bool = False
    """Whether clusters whose labelled images are of one class count as one pseudo-class."""
    constraint: Constraint = "cannot_link"
    """Which labelled samples must not, or must, share a cluster."""
    starts: Repeats = 3
    """Starts of k-means."""
    scaling: Scaling = "l2_centred"
    """Scaling of what is clustered."""
    criterion: Literal["squared_error", "risk", "risk_only"] = "squared_error"
    """What is to be low: the squared error; the number of wrong predictions (the 0-1 risk of
    Alg. 1), with ties by the squared error; or that number only."""

    @override
    def clustering(self, labels: int, first_budget: int) -> Clustering:
        """Return Alg. 2 with N_clu = clip(b_i / 2, C₀, C_max) clusters, C₀ = b_0, by default."""
        n_initial = min(first_budget, self.max_clusters)
        n_clusters = int(labels / self.labels_per_cluster)
        n_clusters = min(max(n_clusters, n_initial), self.max_clusters)
        return Clustering(
            feature=self.feature,
            scaling=self.scaling,
            candidates=self.candidates,
            constraint=self.constraint,
            n_initial=n_initial if self.splitting else n_clusters,
            n_clusters=n_clusters,
            starts=self.starts,
        )

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        m, considering = self.considered_memory(n, d, labels)
        return considering + self.regression_memory(
            m, d, labels, n_classes=min(labels, self.max_clusters)
        )

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        assert pool.clusters is not None
        clusters = merge_known(pool.clusters) if self.merging else pool.clusters
        regression = self.incremental(
            pool.embedding,
            clusters.pseudo_label,
            clusters.n_clusters,
            pool.labelled,
            pool.weight,
            rng,
        )
        choices = regression.select(budget, self.criterion)
        wrong = np.array([choice.risk for choice in choices])
        return Batch(
            index=np.array([choice.index for choice in choices]),
            estimated_coverage=1 - wrong / pool.weight.sum(),
            seconds=np.array([choice.seconds for choice in choices]),
        )
