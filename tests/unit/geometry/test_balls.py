"""Balls against all exact distances, above all where float32 cannot tell what is inside."""

from math import ceil

import numpy as np
import pytest

from ntkcpl.geometry.balls import Balls, pure_radius
from ntkcpl.geometry.distances import Points, Tiles


def drawn(kind, n=130, width=40):
    x = np.random.default_rng(0).normal(size=(n, width)).astype(np.float32)
    if kind == "close":  # far from the origin: float32 products say nothing of distances
        x = 1 + x * np.float32(2e-6)
    elif kind == "duplicates":
        x = x[np.random.default_rng(1).integers(7, size=n)]
    elif kind == "equal":
        x[:] = x[0]
    elif kind == "zero":
        x[:] = 0
    return Points(x)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr("ntkcpl.geometry.balls.DISTANCE_ROWS", 20)
    monkeypatch.setattr("ntkcpl.geometry.distances.TILE_ROWS", 16)
    monkeypatch.setattr("ntkcpl.geometry.distances.TILE_COLUMNS", 50)


KINDS = ["random", "close", "duplicates", "equal", "zero"]


@pytest.mark.parametrize("kind", KINDS)
def test_products_are_within_their_error(kind):
    points = drawn(kind)
    tiles, exact, seen = Tiles(points.x), points.x @ points.x.T, np.zeros((130, 130), int)
    for a, b, skip, products in tiles.upper_triangle():
        assert np.abs(products - exact[a, b]).max() <= tiles.error
        seen[a, b] += np.arange(products.shape[1]) > np.arange(len(products))[:, None] + skip
    np.testing.assert_array_equal(seen, np.triu(np.ones((130, 130)), 1))  # each pair once
    some, seen = np.arange(0, 130, 3), np.zeros((130, 130), int)
    for part, b, skip, products in tiles.of(some):
        assert np.abs(products - exact[some[part], b]).max() <= tiles.error
        assert skip + len(products) < 0
        seen[some[part], b] += 1
    assert (seen[some] == 1).all() and seen.sum() == seen[some].sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("purity", [0.1, 0.5, 0.95, 1.0])
def test_the_radius_is_a_quantile_of_distances_to_other_clusters(kind, purity):
    points, cluster = drawn(kind), np.random.default_rng(2).integers(4, size=130)
    squared = points.squared_distances(slice(None))
    squared[cluster[:, None] == cluster] = np.inf
    expected = np.sort(squared.min(axis=1))[130 - ceil(purity * 130)]
    assert pure_radius(points, cluster, purity) == expected


def test_with_one_cluster_the_radius_is_infinite():
    assert pure_radius(drawn("random"), np.zeros(130, np.int64), 0.95) == np.inf


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0, 0.02, 0.3, 1])
def test_balls_hold_the_uncovered_points_that_are_closer(kind, share):
    points, rng = drawn(kind), np.random.default_rng(3)
    squared = points.squared_distances(slice(None))
    # The distance of a pair: that pair is just not inside, others are by a hair.
    radius = float(np.quantile(squared, share, method="lower")) if share else np.inf
    inside = squared < radius
    uncovered = rng.random(130) < 0.6
    balls = Balls(points, radius, uncovered)
    np.testing.assert_array_equal(balls.gain, inside @ uncovered.astype(np.int64))
    some = np.flatnonzero(uncovered)[::3]
    balls.cover(some)
    uncovered[some] = False
    np.testing.assert_array_equal(balls.gain, inside @ uncovered.astype(np.int64))
    balls.cover(np.empty(0, np.int64))
    np.testing.assert_array_equal(balls.gain, inside @ uncovered.astype(np.int64))
