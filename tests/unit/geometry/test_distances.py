"""Distances against integers of Python's, and with other numbers of threads and blocks."""

import math
from fractions import Fraction

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from ntkcpl.geometry.distances import GRID_BITS, Farthest, Points, exact_products, on_grid


def points(n=300, width=64, seed=0):
    return np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)


def test_squared_distances_are_those_of_integers():
    x = points(40)
    exact = on_grid(x).astype(np.int64)
    np.testing.assert_array_equal(exact, on_grid(x))
    offset = exact[:, None] - exact
    expected = (offset**2).sum(axis=2)  # below 2**53, so int64 holds it
    np.testing.assert_array_equal(Points(x).squared_distances(slice(None)), expected)


@pytest.mark.parametrize("factor", [1e-6, 1, 3000])
def test_the_grid_is_finer_than_float32(factor):
    x = points() * np.float32(factor)
    grid = on_grid(x)
    longest = np.linalg.norm(x, axis=1).max()
    scale = 2 ** np.round(np.log2(np.linalg.norm(grid, axis=1).max() / longest))
    np.testing.assert_allclose(grid / scale, x, rtol=0, atol=longest * 2.0**-GRID_BITS)
    assert 2.0 ** (GRID_BITS - 1) <= np.linalg.norm(grid, axis=1).max() <= 2.0**GRID_BITS


@pytest.mark.parametrize("scale", [1e-30, 1, 1e30])
def test_products_are_those_of_fractions(scale):
    a, b = points(5, 9) * np.float32(scale), points(4, 9, seed=1)
    a[1], b[2], a[3, :4] = 0, 0, 0

    def rounded(row):
        """The row as fractions on a grid of 2**-GRID_BITS of the power of two above its length."""
        length = math.sqrt(sum(float(x) ** 2 for x in row))
        step = Fraction(2) ** (math.frexp(length)[1] - GRID_BITS)
        return [round(Fraction(float(x)) / step) * step for x in row]

    expected = [
        [float(sum(x * y for x, y in zip(*map(rounded, pair), strict=True))) for pair in pairs]
        for pairs in ([(row, other) for other in b] for row in a)
    ]
    np.testing.assert_array_equal(exact_products(a, b), expected)


def test_zeros_stay_zero_and_the_input_stays_what_it_is():
    x = np.zeros((3, 2))
    assert not on_grid(x).any()
    x[0] = 0.3
    on_grid(x)
    assert (x[0] == 0.3).all()


def test_neither_threads_nor_blocks_change_a_bit(monkeypatch):
    x, rows = points(1500, 130), np.arange(0, 700, 3)
    with threadpool_limits(1):
        one = Points(x).squared_distances(rows), Points(x).nearest(rows)
    monkeypatch.setattr("ntkcpl.geometry.distances.DISTANCE_ROWS", 7)
    with threadpool_limits(2):
        two = Points(x).squared_distances(rows), Points(x).nearest(rows)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_nearest_is_infinite_without_points():
    assert np.isinf(Points(points()).nearest(np.empty(0, np.int64))).all()


def farthest_points(x, centres, number):
    """The slow loop: all distances on the grid; the first of equals."""
    points, centres = Points(x), list(centres)
    for _ in range(number):
        centres.append(int(points.nearest(np.array(centres)).argmax()))
    return centres[-number:]


@pytest.mark.parametrize("width", [1, 3, 200])
@pytest.mark.parametrize("kind", ["random", "close", "duplicates", "equal"])
def test_the_farthest_points_are_those_of_the_slow_loop(kind, width):
    x = points(120, width)
    if kind == "close":
        x = 1 + x * np.float32(2e-7)
    elif kind == "duplicates":
        x = x[np.random.default_rng(1).integers(7, size=len(x))]
    elif kind == "equal":
        x[:] = x[0]
    farthest, found = Farthest(Points(x), np.array([5, 17])), []
    for _ in range(100):
        found.append(farthest.index())
        farthest.add(found[-1])
    assert found == farthest_points(x, [5, 17], 100)
