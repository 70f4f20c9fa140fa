"""Distances against integers of Python's, and with other numbers of threads and blocks."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from ntkcpl.distances import BITS, Points, on_grid


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
    np.testing.assert_allclose(grid / scale, x, rtol=0, atol=longest * 2.0**-BITS)
    assert 2.0 ** (BITS - 1) <= np.linalg.norm(grid, axis=1).max() <= 2.0**BITS


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
    monkeypatch.setattr("ntkcpl.distances.BLOCK", 7)
    with threadpool_limits(2):
        two = Points(x).squared_distances(rows), Points(x).nearest(rows)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_nearest_is_infinite_without_points():
    assert np.isinf(Points(points()).nearest(np.empty(0, np.int64))).all()
