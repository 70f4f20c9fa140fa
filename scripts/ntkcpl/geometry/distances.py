"""Distances without rounding, so that no choice depends on threads, blocks or the order of a sum.

A sum in floating point depends on its order, and BLAS chooses that by the number of threads. Sums
of integers below 2**53 are exact in float64, in whatever order; so the points are put on a grid.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GRID_BITS = 25  # two points of length 2**25 are at most 2**26 apart, squared 2**52
PRODUCT_ROWS = 4096  # rows of which products are taken at once
DISTANCE_ROWS = 512  # rows whose distances to all points are held at once
TILE_ROWS, TILE_COLUMNS = 256, 2048  # of a tile of products: 2 MB, which a core's cache holds
# Points that `Farthest` compares with new centres at first; then twice as many, and so on.
COMPARED_FIRST = 4


def on_grid(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scale by a power of two, and round to integers whose sums of products are exact.

    Parameters
    ----------
    x : float (N, D)
        One row a point.

    Returns
    -------
    float64 (N, D)
        The longest row is between 2**24 and 2**25 long. What is rounded away is at most 3e-8 of
        it, half a unit of float32's last place; equal rows stay equal.
    """
    grid = x.astype(np.float64)
    longest = np.sqrt(np.einsum("nd,nd->n", grid, grid).max())
    _, exponent = np.frexp(longest)
    np.ldexp(grid, GRID_BITS - exponent, out=grid)
    return np.rint(grid, out=grid)


def rounded_rows(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Round each row of x, float (N, D), to a grid of its own, fine enough for any of its entries.

    What is rounded away is at most 3e-8 of the row's length. Sums of products of two such rows are
    exact, of numbers that are no smaller or larger than float32's.
    """
    wide = x.astype(np.float64)
    _, exponent = np.frexp(np.sqrt(np.einsum("nd,nd->n", wide, wide)))
    step = np.ldexp(1.0, exponent - GRID_BITS)[:, None]
    wide /= step
    np.rint(wide, out=wide)
    wide *= step
    return wide


def exact_products(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return a bᵀ, float64 (n, m), of rows (n, D) and (m, D), the same in whatever order it sums.

    Rows are rounded to 3e-8 of their lengths, as in float32; sums and products are not. So the
    result depends neither on the number of threads nor on which rows are asked for together.

    Notes
    -----
    Memory: the product, b in float64, and `PRODUCT_ROWS` rows of a at a time.
    """
    b = rounded_rows(b)
    product = np.empty((len(a), len(b)))
    for start in range(0, len(a), PRODUCT_ROWS):
        rows = slice(start, start + PRODUCT_ROWS)
        np.matmul(rounded_rows(a[rows]), b.T, out=product[rows])
    return product


class Points:
    """Points on the grid, of float (N, D), and the squared distances between them.

    Attributes
    ----------
    x : float64 (N, D)
        The points.
    squared_norm : float64 (N,)
        Their squared lengths.
    """

    def __init__(self, x: NDArray[np.floating]) -> None:
        self.x = on_grid(x)
        self.squared_norm = np.einsum("nd,nd->n", self.x, self.x)

    def squared_distances(
        self,
        rows: slice | NDArray[np.int64],
        columns: slice | NDArray[np.int64] = slice(None),
    ) -> NDArray[np.float64]:
        """Return the squared distances (n, m) of some points to others."""
        squared = self.x[rows] @ self.x[columns].T
        squared *= -2
        squared += self.squared_norm[rows, None]
        squared += self.squared_norm[columns]
        return squared

    def nearest(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the squared distance (N,) of each point to the nearest of `rows`.

        It is infinite where there are no `rows`, and -1 for these themselves: they come last
        when the farthest point is sought.
        """
        nearest = np.full(len(self.x), np.inf)
        for start in range(0, len(rows), DISTANCE_ROWS):
            squared = self.squared_distances(rows[start : start + DISTANCE_ROWS])
            np.minimum(nearest, squared.min(axis=0), out=nearest)
        nearest[rows] = -1
        return nearest


def points_memory(n: int, d: int) -> int:
    """Return about how many bytes `Points` take, with a block of their distances."""
    return 8 * n * (d + DISTANCE_ROWS)


class Tile(NamedTuple):
    """Products of some points, its rows, with others, its columns.

    Attributes
    ----------
    rows, columns
        Which they are.
    skip
        Pairs in columns up to i + `skip` of the i-th row are to be skipped: another tile, or
        another part of this one, holds them too.
    products : float32 (n, m)
        The products.
    """

    rows: slice
    columns: slice
    skip: int
    products: NDArray[np.float32]


class Tiles:
    """Products of all pairs of N points in float32, in tiles.

    Parameters
    ----------
    x : float (N, D)
        The points; they are rounded to float32.

    Attributes
    ----------
    error
        Bounds the rounding error of a product, and of a few sums of such size: (D + 8) u times the
        largest squared length, u being float32's unit roundoff (Higham 2002, "Accuracy and
        Stability of Numerical Algorithms", section 3.1).

    Notes
    -----
    Memory: the points in float32, and a tile of `TILE_ROWS` x `TILE_COLUMNS`.
    """

    def __init__(self, x: NDArray[np.floating]) -> None:
        self._x = x.astype(np.float32)
        largest = float(np.einsum("nd,nd->n", self._x, self._x, dtype=np.float64).max())
        self.error = (x.shape[1] + 8) * 2.0**-24 * largest

    def upper_triangle(self) -> Iterator[Tile]:
        """Yield tiles that hold all pairs of points once, but for those that are to be skipped."""
        for row in range(0, len(self._x), TILE_ROWS):
            rows = slice(row, row + TILE_ROWS)
            for column in range(row, len(self._x), TILE_COLUMNS):
                columns = slice(column, column + TILE_COLUMNS)
                products = self._x[rows] @ self._x[columns].T
                yield Tile(rows, columns, row - column, products)

    def of(
        self, index: NDArray[np.int64], others: NDArray[np.int64] | None = None
    ) -> Iterator[Tile]:
        """Yield tiles that hold all pairs of the points `index` with all points, or with `others`.

        Their rows are a part of `index`, their columns of `others`, and nothing is to be skipped.
        """
        compared = self._x if others is None else self._x[others]
        for row in range(0, len(index), TILE_ROWS):
            rows = slice(row, row + TILE_ROWS)
            some = self._x[index[rows]]
            for column in range(0, len(compared), TILE_COLUMNS):
                columns = slice(column, column + TILE_COLUMNS)
                yield Tile(rows, columns, -TILE_ROWS - 1, some @ compared[columns].T)


class Farthest:
    """Finds the point that is farthest from the nearest of some centres, which grow in number.

    A further centre only brings points nearer. So distances from before are upper bounds, and only
    points that might be the farthest are compared with the centres that came since.

    Parameters
    ----------
    points
        N points.
    centres : int64 (L,)
        Points that are centres at the start; may be empty.

    Notes
    -----
    Memory: a few numbers a point, and `DISTANCE_ROWS` rows of N.
    """

    def __init__(self, points: Points, centres: NDArray[np.int64]) -> None:
        self._points = points
        self._bound = points.nearest(centres)
        self._centres = centres.tolist()
        self._compared = np.full(len(self._bound), len(self._centres))

    def add(self, centre: int) -> None:
        """Let a point be a centre too; it is never the farthest again."""
        self._centres.append(centre)
        self._bound[centre] = -1

    def index(self) -> int:
        """Return the point farthest from its nearest centre; of equals, the first."""
        few = COMPARED_FIRST
        while True:
            farthest = int(self._bound.argmax())
            if self._compared[farthest] == len(self._centres):
                return farthest
            stale = np.flatnonzero(self._compared < len(self._centres))
            few = min(few, len(stale))
            largest = np.argpartition(-self._bound[stale], few - 1)[:few]
            self._compare(stale[largest])
            few = min(2 * few, DISTANCE_ROWS)

    def _compare(self, rows: NDArray[np.int64]) -> None:
        """Compare some points with the centres that came since any of them was compared."""
        new = np.array(self._centres[self._compared[rows].min() :])
        squared = self._points.squared_distances(rows, new)
        self._bound[rows] = np.minimum(self._bound[rows], squared.min(axis=1))
        self._compared[rows] = len(self._centres)
