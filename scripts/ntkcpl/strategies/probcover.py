"""ProbCover: the images around which most others lie that are not covered yet."""

from math import ceil
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ntkcpl.distances import BLOCK, Points
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.scaling import Scaling, scale_embedding
from ntkcpl.strategies.base import Batch, Pool, Strategy


class ProbCover(Strategy):
    """ProbCover (Yehuda et al. 2022, "Active learning through a covering lens", Alg. 1).

    An image covers all that are closer than δ. Again and again, the image is chosen that covers
    most uncovered ones; δ is the largest at which most balls are pure, that is, hold images of one
    cluster only. When all is covered, the image farthest from its nearest labelled or chosen one
    is next: the first that would be uncovered if δ shrank.
    """

    method: Literal["probcover"] = "probcover"
    scaling: Scaling = "l2"
    """Scaling of the embedding."""
    purity: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Share of balls that must be pure (α)."""
    n_clusters: Annotated[int, Field(ge=1)] | Literal["classes"] = "classes"
    """Clusters that purity is judged by."""
    starts: Annotated[int, Field(ge=1)] = 3
    """Starts of k-means."""

    def clustering(self, labels: int, first_budget: int) -> Clustering:  # noqa: D102
        return Clustering(
            feature="self",
            scaling=self.scaling,
            candidates="all",
            constraint="none",
            n_initial=self.n_clusters,
            n_clusters=self.n_clusters,
            starts=self.starts,
        )

    def query(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:  # noqa: D102
        if pool.clusters is None:
            raise ValueError("probcover needs the clusters of its clustering()")
        points = Points(scale_embedding(pool.embedding, self.scaling))
        radius = pure_radius(points, pool.clusters.pseudo_label, self.purity)
        nearest = points.nearest(pool.labelled)
        gain = _gain(points, radius, nearest >= radius)
        chosen: list[int] = []
        for _ in range(budget):
            best = int(gain.argmax() if gain.any() else nearest.argmax())
            chosen.append(best)
            squared = points.squared_distances(np.array([best]))[0]
            covered = np.flatnonzero((nearest >= radius) & (squared < radius))
            for start in range(0, len(covered), BLOCK):
                rows = covered[start : start + BLOCK]
                gain -= (points.squared_distances(rows) < radius).sum(axis=0)
            np.minimum(nearest, squared, out=nearest)
            nearest[best] = -1
        return Batch(np.array(chosen, dtype=np.int64))


def pure_radius(points: Points, cluster: NDArray[np.int64], purity: float) -> float:
    """Return δ², the largest at which a share `purity` of all open balls are pure.

    A ball is pure until it reaches the nearest point of another cluster, so δ is a quantile of
    these distances, and no grid of values need be tried. It is infinite with one cluster.

    Parameters
    ----------
    points
        N points, each the centre of a ball.
    cluster : int64 (N,)
        Cluster of each.
    purity
        Share α, over 0.
    """
    reach = np.full(len(cluster), np.inf)
    for rows, columns, squared in points.upper_triangle():
        squared[cluster[rows, None] == cluster[columns]] = np.inf
        np.minimum(reach[rows], squared.min(axis=1), out=reach[rows])
        np.minimum(reach[columns], squared.min(axis=0), out=reach[columns])
    return float(np.sort(reach)[len(reach) - ceil(purity * len(reach))])


def _gain(points: Points, radius: float, uncovered: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many uncovered points are in the ball of each point (N,)."""
    gain = np.zeros(len(uncovered), dtype=np.int64)
    for rows, columns, squared in points.upper_triangle():
        inside = squared < radius
        gain[rows] += (inside & uncovered[columns]).sum(axis=1)
        n = rows.stop - rows.start  # of the block on the diagonal, both halves are there
        gain[rows.stop :] += inside[uncovered[rows], n:].sum(axis=0)
    return gain
