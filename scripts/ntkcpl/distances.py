"""Distances without rounding, so that no choice depends on threads, blocks or the order of a sum.

A sum in floating point depends on its order, and BLAS chooses that by the number of threads. Sums
of integers below 2**53 are exact in float64, in whatever order; so the points are put on a grid.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BITS = 25  # two points of length 2**25 are at most 2**26 apart, squared 2**52
BLOCK = 512  # rows whose distances to all points are held at once


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
    np.ldexp(grid, BITS - exponent, out=grid)
    return np.rint(grid, out=grid)


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
        for start in range(0, len(rows), BLOCK):
            squared = self.squared_distances(rows[start : start + BLOCK])
            np.minimum(nearest, squared.min(axis=0), out=nearest)
        nearest[rows] = -1
        return nearest

    def upper_triangle(self) -> Iterator[tuple[slice, slice, NDArray[np.float64]]]:
        """Yield the squared distances of all pairs in blocks of rows, with these rows and columns.

        The columns begin with the first of the rows, so only pairs of two rows come twice.
        """
        for start in range(0, len(self.x), BLOCK):
            rows = slice(start, min(start + BLOCK, len(self.x)))
            columns = slice(start, len(self.x))
            yield rows, columns, self.squared_distances(rows, columns)
