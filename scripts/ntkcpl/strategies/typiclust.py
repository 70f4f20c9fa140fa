"""TypiClust: the most typical image of each uncovered cluster."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from ntkcpl.geometry.distances import DISTANCE_ROWS, Points, points_memory
from ntkcpl.geometry.scaling import Scaling, scale_embedding, scaling_memory
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.settings import Count, Repeats
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool


class TypiClust(PairwiseStrategy):
    """TypiClust (Hacohen, Dekel, Weinshall 2022, "Active learning on a budget", section 3).

    The pool is clustered into as many clusters as there will be labels. Then, again and again, the
    cluster with the fewest labels, and of these the largest, gives its most typical unlabelled
    image: the one with the smallest mean distance to its nearest neighbours in the cluster.
    """

    method: Literal["typiclust"] = "typiclust"
    needs_clusters = True
    about = About(
        paper="Hacohen, Dekel and Weinshall 2022",
        relevance="density in the cluster",
        diversity="one cluster after the other",
        cost="M K D, M candidates",
    )
    scaling: Scaling = "l2"
    """Scaling of the embedding."""
    neighbours: Count = 20
    """Nearest neighbours, at most, that typicality is measured on."""
    min_cluster_size: Count = 6
    """Smaller clusters are used only when nothing is left in the others."""
    max_clusters: Count = 500
    """Clusters at most."""
    starts: Repeats = 3
    """Starts of k-means."""

    @override
    def clustering(self, labels: int, first_budget: int) -> Clustering:
        n_clusters = min(labels, self.max_clusters)
        return Clustering(
            feature="self",
            scaling=self.scaling,
            candidates=self.candidates,
            constraint="none",
            n_initial=n_clusters,
            n_clusters=n_clusters,
            starts=self.starts,
        )

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        # If all are in one cluster.
        return considering + scaling_memory(n, d) + points_memory(n, d)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        assert pool.clusters is not None
        x = scale_embedding(pool.embedding, self.scaling, pool.weight)
        by_cluster = np.argsort(pool.clusters.pseudo_label, kind="stable")
        ends = np.cumsum(np.bincount(pool.clusters.pseudo_label))[:-1]
        members = np.split(by_cluster, ends)
        size = [int(pool.weight[rows].sum()) for rows in members]
        labelled = np.zeros(len(x), dtype=bool)
        labelled[pool.labelled] = True
        n_labelled = [int(labelled[rows].sum()) for rows in members]
        left = [len(rows) - n for rows, n in zip(members, n_labelled, strict=True)]
        queues: dict[int, list[int]] = {}
        chosen = []
        for _ in range(budget):
            cluster = min(
                (c for c in range(len(members)) if left[c]),
                key=lambda c: (
                    size[c] < self.min_cluster_size,
                    n_labelled[c],
                    -size[c],
                ),
            )
            if cluster not in queues:  # only clusters that are asked are measured
                rows = members[cluster]
                distance = _mean_distance(x[rows], self.neighbours, pool.weight[rows])
                order = np.argsort(distance, kind="stable")
                queues[cluster] = [int(i) for i in rows[order][::-1] if not labelled[i]]
            chosen.append(queues[cluster].pop())
            n_labelled[cluster] += 1
            left[cluster] -= 1
        return Batch(np.array(chosen, dtype=np.int64))


def _mean_distance(
    x: NDArray[np.float32], neighbours: int, weight: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Return the mean distance (n,) of each row to its nearest others: 1 / typicality.

    The nearest rows are counted by their weights until there are enough `neighbours`; what stands
    behind the row itself is not among them, because it would be at no distance.

    Its unit is that of `Points`, which is the same for all rows. The memory: the rows in float64,
    and the distances of `DISTANCE_ROWS` of them to all.
    """
    k = min(neighbours, len(x) - 1)
    if k == 0:
        return np.zeros(1)
    if weight is None:
        weight = np.ones(len(x), dtype=np.int64)
    points, mean = Points(x), np.empty(len(x))
    for start in range(0, len(x), DISTANCE_ROWS):
        rows = slice(start, start + DISTANCE_ROWS)
        squared = points.squared_distances(rows)
        own = np.arange(len(squared))
        squared[own, start + own] = -1  # so that each row finds itself first
        near = np.argpartition(squared, k, axis=1)[:, : k + 1]
        distance = np.take_along_axis(squared, near, axis=1)
        # In order, so that equal distances have equal sums.
        order = np.argsort(distance, axis=1, kind="stable")[:, 1:]
        counted = np.take_along_axis(weight[near], order, axis=1)
        before = np.cumsum(counted, axis=1) - counted
        counted = np.clip(neighbours - before, 0, counted)
        distance = np.sqrt(np.take_along_axis(distance, order, axis=1))
        mean[rows] = (distance * counted).sum(axis=1) / counted.sum(axis=1)
    return mean
