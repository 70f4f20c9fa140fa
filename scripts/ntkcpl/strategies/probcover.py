"""ProbCover: the images around which most others lie that are not covered yet."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from ntkcpl.geometry.distances import Points, points_memory
from ntkcpl.geometry.scaling import Scaling, scale_embedding
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.settings import Count, Repeats
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool


class ProbCover(PairwiseStrategy):
    """ProbCover (Yehuda et al. 2022, "Active learning through a covering lens", Alg. 1).

    An image covers all that are closer than δ. Again and again, the image is chosen that covers
    most uncovered ones; δ is the largest at which most balls are pure, that is, hold images of one
    cluster only. When all is covered, the image farthest from its nearest labelled or chosen one
    is next: the first that would be uncovered if δ shrank.
    """

    method: Literal["probcover"] = "probcover"
    needs_clusters = True
    about = About(
        paper="Yehuda et al. 2022",
        relevance="–",
        diversity="coverage by balls",
        cost="M² D, M candidates",
    )
    scaling: Scaling = "l2"
    """Scaling of the embedding."""
    purity: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Share of balls that must be pure (α)."""
    n_clusters: Count | Literal["classes"] = "classes"
    """Clusters that purity is judged by."""
    starts: Repeats = 3
    """Starts of k-means."""

    @override
    def clustering(self, labels: int, first_budget: int) -> Clustering:
        return Clustering(
            feature="self",
            scaling=self.scaling,
            candidates=self.candidates,
            constraint="none",
            n_initial=self.n_clusters,
            n_clusters=self.n_clusters,
            starts=self.starts,
        )

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        return considering + 8 * n * d + points_memory(n, d)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        from ntkcpl.geometry.balls import (  # with numba, which the parser does without
            Balls,
            pure_radius,
        )

        assert pool.clusters is not None
        points = Points(scale_embedding(pool.embedding, self.scaling, pool.weight))
        radius = pure_radius(points, pool.clusters.pseudo_label, self.purity, pool.weight)
        nearest = points.nearest(pool.labelled)
        balls = Balls(points, radius, np.where(nearest >= radius, pool.weight, 0))
        chosen: list[int] = []
        for _ in range(budget):
            best = int(balls.gain.argmax() if balls.gain.any() else nearest.argmax())
            chosen.append(best)
            squared = points.squared_distances(np.array([best]))[0]
            balls.cover(np.flatnonzero((nearest >= radius) & (squared < radius)))
            np.minimum(nearest, squared, out=nearest)
            nearest[best] = -1
        return Batch(np.array(chosen, dtype=np.int64))
