"""Open balls around the points of a pool: how far they are pure, and whom they hold.

All pairs of points are looked at in float32, and exactly only where its rounding might decide. So
the answers are those of exact distances, in a fraction of the time.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from ntkcpl.geometry.distances import DISTANCE_ROWS, Points, Tiles
from ntkcpl.geometry.loops import CountedPoints, count_inside, lower_reach


def pure_radius(
    points: Points,
    cluster: NDArray[np.int64],
    purity: float,
    weight: NDArray[np.int64] | None = None,
) -> float:
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
    weight : int64 (N,), optional
        How many balls each counts for; one without.
    """
    if weight is None:
        weight = np.ones(len(cluster), dtype=np.int64)
    tiles, norm = Tiles(points.x), points.squared_norm.astype(np.float32)
    rough = np.full(len(cluster), np.inf, dtype=np.float32)
    narrow = cluster.astype(np.int32)  # as wide as the distances, so that the loop is fast
    for a, b, _, products in tiles.upper_triangle():
        lower_reach(products, norm[a], norm[b], narrow[a], narrow[b], rough[a], rough[b])
    impure = weight.sum() - ceil(purity * weight.sum())  # balls that may be
    near = _quantile(rough, weight, impure)
    if near == np.inf:
        return np.inf
    # The true value is as near to this one as each distance is to its rough value.
    doubt = 2 * (2 * tiles.error)
    doubtful = np.flatnonzero(np.abs(rough - near) <= doubt)
    impure -= weight[rough < near - doubt].sum()
    return _quantile(_reach(points, cluster, doubtful), weight[doubtful], impure)


def _quantile(values: NDArray[np.floating], weight: NDArray[np.int64], below: int) -> float:
    """Return the largest value than which smaller ones have a weight of `below` at most."""
    order = np.argsort(values)
    rank = np.searchsorted(np.cumsum(weight[order]), below, side="right")
    return float(values[order[rank]])


def _reach(
    points: Points, cluster: NDArray[np.int64], index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the exact squared distances of some points to the nearest of another cluster."""
    reach = np.empty(len(index))
    for start in range(0, len(index), DISTANCE_ROWS):
        rows = index[start : start + DISTANCE_ROWS]
        squared = points.squared_distances(rows)
        squared[cluster[rows, None] == cluster] = np.inf
        reach[start : start + DISTANCE_ROWS] = squared.min(axis=1)
    return reach


class Balls:
    """Open balls of one radius around all points, and the weight of uncovered points in each.

    Parameters
    ----------
    points
        N points.
    radius
        Their squared radius δ².
    weight : int (N,)
        How much each point counts that is not covered at the start; 0 for those that are.

    Attributes
    ----------
    gain : int32 (N,)
        Weight of the uncovered points in the ball around each point.
    """

    def __init__(self, points: Points, radius: float, weight: NDArray[np.integer]) -> None:
        self._x, self._radius = points.x, radius
        self._norm = points.squared_norm.astype(np.float32)
        self._tiles = Tiles(points.x)
        self._slack = 2 * self._tiles.error
        self._weight = weight.astype(np.int32)
        if radius <= 0:  # an open ball without a radius holds nothing
            self.gain = np.zeros(len(weight), dtype=np.int32)
            return
        self.gain = self._weight.copy()  # a point lies in its own ball
        for tile in self._tiles.upper_triangle():
            a, b = (
                self._side(part, self._weight[part], self.gain[part])
                for part in (tile.rows, tile.columns)
            )
            count_inside(tile.products, tile.skip, a, b, self._radius, self._slack)

    def cover(self, index: NDArray[np.int64]) -> None:
        """Let some points that were uncovered be covered."""
        leaves, stays = -self._weight[index], np.zeros(len(self._x), np.int32)
        for tile in self._tiles.of(index):
            weight = leaves[tile.rows]
            a = self._side(index[tile.rows], weight, np.zeros_like(weight))
            b = self._side(tile.columns, stays[tile.columns], self.gain[tile.columns])
            count_inside(tile.products, tile.skip, a, b, self._radius, self._slack)

    def _side(
        self, index: slice | NDArray[np.int64], weight: NDArray[np.int32], held: NDArray[np.int32]
    ) -> CountedPoints:
        """Return what `count_inside` needs of some points."""
        return CountedPoints(self._x[index], self._norm[index], weight, held)
