"""Greedy maximisation of generalised coverage with a Gaussian kernel.

The coverage of a pool by the set S is Σ w(x) max_{s in S} k(x, s) (Bae, Noh, Sutherland 2024), the
weights w being one or the classifier's uncertainty (Bae, Oliveira, Sutherland 2025).
"""

import numpy as np
from numpy.typing import NDArray

from ntkcpl.geometry.distances import Points, Tiles
from ntkcpl.geometry.loops import CoveredPoints, bound_gains

# Gains closer than this, as a share of all weights, differ by no more than the rounding of a sum.
TIE_SHARE = 1e-10
BOUNDED_TOGETHER = 256  # images whose gains are bounded together
EXACT_TOGETHER = 8  # images whose gains are computed exactly together


class Coverage:
    """How well each image of a pool is covered, and what each further image would add.

    Parameters
    ----------
    x : float32 (N, D)
        Embeddings of unit length, or zero.
    weight : float64 (N,)
        w, not negative.
    bandwidth
        σ of the kernel k(x, x') = exp(-‖x - x'‖² / σ²).
    covering : int64 (L,)
        The images that cover the pool at the start; may be empty.

    Attributes
    ----------
    covered : float64 (N,)
        max_{s in S} k(x, s).

    Notes
    -----
    Memory: x in float64 and in float32.
    """

    def __init__(
        self,
        x: NDArray[np.float32],
        weight: NDArray[np.float64],
        bandwidth: float,
        covering: NDArray[np.int64],
    ) -> None:
        self._points = Points(x)
        unit = np.sqrt(self._points.squared_norm.max()) or 1.0  # all may be zero
        self._scale = -1 / (bandwidth * unit) ** 2
        self.weight = weight
        nearest = np.maximum(self._points.nearest(covering), 0)
        self.covered = np.exp(self._scale * nearest)
        # k(x, x') = exp(z(x)·z(x') - half(x) - half(x'))
        z = x * np.float32(np.sqrt(2) / bandwidth)
        self._tiles = Tiles(z)
        half = np.einsum("nd,nd->n", z, z, dtype=np.float64) / 2
        self._half = (half - self._tiles.error).astype(np.float32)

    def gains(self, images: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what adding each of some images would add to the coverage, (n,)."""
        squared = self._points.squared_distances(images)
        squared *= self._scale
        more = np.exp(squared, out=squared)
        more -= self.covered
        return np.maximum(more, 0, out=more) @ self.weight

    def all_bounds(self) -> NDArray[np.float64]:
        """Return upper bounds of the gains of all images, (N,)."""
        bound = self.weight * (1 - self.covered)  # what an image adds to its own coverage
        for tile in self._tiles.upper_triangle():
            rows, columns = self._side(tile.rows), self._side(tile.columns)
            bound_gains(tile.products, tile.skip, rows, columns)
            bound[tile.rows] += rows.gain
            bound[tile.columns] += columns.gain
        return bound

    def bounds(self, images: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return upper bounds of the gains of some images, (n,)."""
        bound = np.zeros(len(images))
        for tile in self._tiles.of(images):
            rows = self._side(images[tile.rows])
            bound_gains(tile.products, tile.skip, rows, self._side(tile.columns))
            bound[tile.rows] += rows.gain
        return bound

    def _side(self, index: slice | NDArray[np.int64]) -> CoveredPoints:
        """Return what `bound_gains` needs of some images; as yet they gain nothing."""
        weight, covered = (x[index].astype(np.float32) for x in (self.weight, self.covered))
        return CoveredPoints(self._half[index], weight, covered, np.zeros_like(weight))

    def add(self, index: int) -> None:
        """Let image `index` cover the pool too."""
        squared = self._points.squared_distances(np.array([index]))[0]
        np.maximum(self.covered, np.exp(self._scale * squared), out=self.covered)


def herd(coverage: Coverage, free: NDArray[np.int64], budget: int) -> NDArray[np.int64]:
    """Choose images one by one, each the one that adds most to the coverage.

    The coverage is submodular: what an image adds only shrinks as others are added. So gains from
    before are upper bounds, and only those that might be the largest are looked at again (Minoux
    1978, "Accelerated greedy algorithms"), in float32 first. The choices are those of plain greedy
    in float64.

    Parameters
    ----------
    coverage
        The coverage at the start; the choices are added to it.
    free : int64 (M,)
        Increasing indices to choose from.
    budget
        Number of images.

    Returns
    -------
    int64 (budget,)
        The choices in order. Of gains that tie, up to `TIE_SHARE`, the lowest index is chosen.
    """
    tie = TIE_SHARE * coverage.weight.sum()
    bound = coverage.all_bounds()[free]
    bounded = np.ones(len(free), dtype=bool)  # since the last choice
    chosen = np.empty(budget, dtype=np.int64)
    for rank in range(budget):
        exact = np.zeros(len(free), dtype=bool)
        few = EXACT_TOGETHER
        while True:
            largest = bound[exact].max(initial=-np.inf)
            best = int(np.argmax(exact & (bound >= largest - tie)))
            rivals = bound > largest + tie
            rivals[:best] |= bound[:best] >= largest - tie
            rivals = np.flatnonzero(rivals & ~exact)
            if not len(rivals):
                break
            rivals = rivals[np.argsort(-bound[rivals], kind="stable")[:few]]
            stale = rivals[~bounded[rivals]]
            if len(stale) > EXACT_TOGETHER:  # for fewer it does not pay
                bound[stale] = np.minimum(bound[stale], coverage.bounds(free[stale]))
                bounded[stale] = True
            else:
                rivals = rivals[:EXACT_TOGETHER]
                bound[rivals] = coverage.gains(free[rivals])
                exact[rivals] = True
            few = min(2 * few, BOUNDED_TOGETHER)
        chosen[rank] = free[best]
        coverage.add(chosen[rank])
        bound[best] = -np.inf
        bounded[:] = False
    return chosen
