"""Greedy maximisation of generalised coverage with a Gaussian kernel.

The coverage of a pool by the set S is Σ w(x) max_{s in S} k(x, s) (Bae, Noh, Sutherland 2024), the
weights w being one or the classifier's uncertainty (Bae, Oliveira, Sutherland 2025).
"""

import numpy as np
from numpy.typing import NDArray

from ntkcpl.geometry.distances import Points, Tiles
from ntkcpl.geometry.loops import ChangedPoints, CoveredPoints, bound_gains, sum_losses

# Gains closer than this, as a share of all weights, differ by no more than the rounding of a sum.
TIE_SHARE = 1e-10
BOUNDED_TOGETHER = 4096  # images whose bounds are lowered together, at most
EXACT_TOGETHER = 8  # images whose gains are computed exactly together
# Share of the images that an addition covers better, above which all is bounded anew.
MOST = 0.5


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
    Memory: x in float64 and in float32, and in float32 what of it has changed.
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
        # The kernel is to come out too large, or too small.
        self._half = (half - self._tiles.error).astype(np.float32)
        self._longer_half = (half + self._tiles.error).astype(np.float32)

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

    def losses(self, images: NDArray[np.int64], before: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return lower bounds of how much less some images gain, (n,), than they did.

        They may be too large by no more than what counts as a tie.

        Parameters
        ----------
        images : int64 (n,)
            The images.
        before : float32 (N,)
            How well each image was covered, or a little better.
        """
        covered = np.nextafter(self.covered.astype(np.float32), np.float32(-np.inf))
        changed = np.flatnonzero((covered > before) & (self.weight > 0))
        points = ChangedPoints(
            self._longer_half[changed],
            self.weight[changed].astype(np.float32),
            before[changed],
            covered[changed],
        )
        loss = np.zeros(len(images))
        for tile in self._tiles.of(images, changed):
            columns = ChangedPoints(*(values[tile.columns] for values in points))
            half = self._longer_half[images[tile.rows]]
            sum_losses(tile.products, half, columns, loss[tile.rows])
        return loss

    def _side(self, index: slice | NDArray[np.int64]) -> CoveredPoints:
        """Return what `bound_gains` needs of some images; as yet they gain nothing."""
        weight, covered = (x[index].astype(np.float32) for x in (self.weight, self.covered))
        return CoveredPoints(self._half[index], weight, covered, np.zeros_like(weight))

    def add(self, index: int) -> None:
        """Let image `index` cover the pool too."""
        squared = self._points.squared_distances(np.array([index]))[0]
        np.maximum(self.covered, np.exp(self._scale * squared), out=self.covered)


class Bounds:
    """Upper bounds of what some images would add to a coverage, each as of some addition.

    Parameters
    ----------
    coverage
        The coverage.
    free : int64 (M,)
        The images.

    Attributes
    ----------
    value : float64 (M,)
        The bounds; -inf of an image that has been added.

    Notes
    -----
    Memory: four bytes an image of the pool for each addition that a bound dates from.
    """

    def __init__(self, coverage: Coverage, free: NDArray[np.int64]) -> None:
        self._coverage, self._free = coverage, free
        self.value = coverage.all_bounds()[free]
        self._added = 0
        self._since = np.zeros(len(free), dtype=np.int64)
        self._before: dict[int, NDArray[np.float32]] = {}  # how well images were covered then

    def stale(self, which: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those whose bounds do not know of the last addition."""
        return which[self._since[which] < self._added]

    def lower(self, which: NDArray[np.int64]) -> None:
        """Lower some bounds by what has come to be covered better since."""
        which = self.stale(which)
        since = self._since[which]
        for number in np.unique(since).tolist():
            some = which[since == number]
            self.value[some] -= self._coverage.losses(self._free[some], self._before[number])
        self._since[which] = self._added

    def make_exact(self, which: NDArray[np.int64]) -> None:
        """Replace some bounds by the gains."""
        self.value[which] = self._coverage.gains(self._free[which])
        self._since[which] = self._added

    def add(self, best: int) -> None:
        """Add an image to the coverage."""
        covered = self._coverage.covered
        before = covered.copy()
        self._coverage.add(self._free[best])
        self._before[self._added] = np.nextafter(before.astype(np.float32), np.float32(np.inf))
        self._added += 1
        if (covered > before).mean() > MOST:
            self.value = np.minimum(self.value, self._coverage.all_bounds()[self._free])
            self._since[:] = self._added
        self.value[best], self._since[best] = -np.inf, self._added
        dated = np.unique(self._since[self._since < self._added]).tolist()
        self._before = {number: self._before[number] for number in dated}


def herd(coverage: Coverage, free: NDArray[np.int64], budget: int) -> NDArray[np.int64]:
    """Choose images one by one, each the one that adds most to the coverage.

    The coverage is submodular: what an image adds only shrinks as others are added. So gains from
    before are upper bounds, and only those that might be the largest are looked at again (Minoux
    1978, "Accelerated greedy algorithms"): first lowered, in float32, by what has come to be
    covered better since, then computed. The choices are those of plain greedy in float64.

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
    bounds = Bounds(coverage, free)
    chosen = np.empty(budget, dtype=np.int64)
    for rank in range(budget):
        exact = np.zeros(len(free), dtype=bool)
        few = EXACT_TOGETHER
        while True:
            bound = bounds.value
            largest = bound[exact].max(initial=-np.inf)
            best = int(np.argmax(exact & (bound >= largest - tie)))
            rivals = bound > largest + tie
            rivals[:best] |= bound[:best] >= largest - tie
            rivals = np.flatnonzero(rivals & ~exact)
            if not len(rivals):
                break
            rivals = rivals[np.argsort(-bound[rivals], kind="stable")[:few]]
            if len(bounds.stale(rivals)) > EXACT_TOGETHER:  # for fewer it does not pay
                bounds.lower(rivals)
            else:
                rivals = rivals[:EXACT_TOGETHER]
                bounds.make_exact(rivals)
                exact[rivals] = True
            few = min(2 * few, BOUNDED_TOGETHER)
        chosen[rank] = free[best]
        bounds.add(best)
    return chosen
