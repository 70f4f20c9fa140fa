"""ProbCover against a slow loop over all pairs, and against scikit-activeml's."""

from math import ceil, sqrt

import numpy as np
import pytest
from skactiveml.pool import ProbCover
from sklearn.base import BaseEstimator, ClusterMixin
from threadpoolctl import threadpool_limits

from ntkcpl.geometry.balls import pure_radius
from ntkcpl.geometry.distances import Points
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.records import Clusters
from ntkcpl.strategies import Pool, load


def all_pairs(x):
    return np.array([[float(((a - b) ** 2).sum()) for b in x] for a in x])


def slow_radius(squared, cluster, purity):
    """The largest distance at which enough open balls are pure, tried one by one."""
    n = len(cluster)

    def is_pure(i, radius):
        return all(cluster[j] == cluster[i] for j in range(n) if squared[i, j] < radius)

    for radius in [np.inf, *np.unique(squared)[::-1]]:
        if sum(is_pure(i, radius) for i in range(n)) >= ceil(purity * n):
            return radius
    return 0.0


def slow_probcover(squared, radius, labelled, budget):
    n, chosen = len(squared), []
    for _ in range(budget):
        taken = [*labelled, *chosen]
        free = [i for i in range(n) if i not in taken]
        uncovered = [j for j in free if not any(squared[i, j] < radius for i in taken)]
        gain = {i: sum(squared[i, j] < radius for j in uncovered) for i in free}
        if not any(gain.values()):  # the farthest from all that is labelled or chosen
            gain = {i: min((squared[i, j] for j in taken), default=np.inf) for i in free}
        chosen.append(max(free, key=lambda i: (gain[i], -i)))
    return chosen


def drawn(kind, n, rng):
    """Embeddings around three centres, and their clusters; one in ten is of another cluster."""
    centre = rng.integers(3, size=n)
    x = np.array([[3, 0, 0, 1], [0, 3, 0, 1], [0, 0, 3, 1]])[centre] + rng.normal(size=(n, 4))
    if kind == "ties":
        x = rng.integers(-1, 2, size=(n, 3))
    if kind == "duplicates":
        same = rng.integers(n // 4, size=n)
        x, centre = x[same], centre[same]
    cluster = np.where(rng.random(n) < 0.1, rng.integers(3, size=n), centre)
    cluster[:3] = np.arange(3)
    return x.astype(np.float32), cluster


def pool_of(x, cluster, labelled):
    clusters = Clusters(np.arange(len(x)), cluster, labelled, np.zeros(cluster.max() + 1), {})
    return Pool(x, labelled, labelled % 3, clusters=clusters)


@pytest.mark.parametrize("kind", ["random", "ties", "duplicates"])
@pytest.mark.parametrize("purity", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_slow_loop_until_nothing_is_left(kind, purity, seed, monkeypatch):
    rng = np.random.default_rng(seed)
    x, cluster = drawn(kind, 45, rng)
    labelled = rng.permutation(45)[: 8 * seed]
    scaling = "raw" if kind == "ties" else "l2"
    squared = all_pairs(Points(scale_embedding(x, scaling)).x)
    radius = slow_radius(squared, cluster, purity)
    expected = slow_probcover(squared, radius, labelled.tolist(), 45 - len(labelled))
    probcover = load({"method": "probcover", "purity": purity, "scaling": scaling})
    monkeypatch.setattr("ntkcpl.geometry.distances.DISTANCE_ROWS", 7)
    monkeypatch.setattr("ntkcpl.geometry.balls.DISTANCE_ROWS", 7)
    monkeypatch.setattr("ntkcpl.geometry.distances.TILE_ROWS", 7)
    monkeypatch.setattr("ntkcpl.geometry.distances.TILE_COLUMNS", 11)
    assert pure_radius(Points(scale_embedding(x, scaling)), cluster, purity) == radius
    found = probcover.query(pool_of(x, cluster, labelled), 45 - len(labelled), rng).index
    assert found.tolist() == expected


def test_one_cluster_is_covered_by_one_image():
    x = np.array([[0, 0], [9, 0], [1, 0], [2, 0]], np.float32)
    probcover = load({"method": "probcover", "scaling": "raw"})
    pool = pool_of(x, np.zeros(4, np.int64), np.empty(0, np.int64))
    assert probcover.query(pool, 3, np.random.default_rng(0)).index.tolist() == [0, 1, 3]


@pytest.mark.parametrize(("options", "expected"), [({}, 7), ({"n_clusters": 10}, 10)])
def test_as_many_clusters_as_classes_or_as_asked(options, expected):
    clustering = load({"method": "probcover"} | options).clustering(labels=40, first_budget=20)
    rng = np.random.default_rng(0)
    pool = Pool(drawn("random", 40, rng)[0])
    assert clustering.cluster(pool, rng, n_classes=7).n_clusters == expected


def test_agrees_with_scikit_activeml():
    """It tries given radii, with closed balls, and breaks ties at random."""

    class Given(ClusterMixin, BaseEstimator):
        def __init__(self, n_clusters=None):
            self.n_clusters = n_clusters

        def fit_predict(self, x, y=None):
            return cluster

    rng = np.random.default_rng(1)
    raw, cluster = drawn("random", 70, rng)
    x = scale_embedding(raw, "l2")
    labelled = np.array([5, 60])
    found = load({"method": "probcover", "purity": 0.8}).query(
        pool_of(raw, cluster, labelled), 12, rng
    )
    points = Points(x)
    unit = np.linalg.norm(points.x[0]) / np.linalg.norm(x[0])
    radius = sqrt(pure_radius(points, cluster, 0.8)) / unit
    below, above = radius * (1 - 1e-5), radius * (1 + 1e-5)
    theirs = ProbCover(deltas=[below, above], alpha=0.8, cluster_algo=Given, random_state=0)
    y = np.full(70, np.nan)
    y[labelled] = 0
    for index in found.index:
        _, utilities = theirs.query(x, y, batch_size=1, return_utilities=True)
        assert theirs.delta_max_ == below
        assert utilities[0, index] == np.nanmax(utilities[0])
        y[index] = 0
    assert np.nanmax(utilities[0]) > 0


def test_the_number_of_threads_changes_nothing():
    x, cluster = drawn("random", 1500, np.random.default_rng(0))
    x = np.hstack([x, np.random.default_rng(1).normal(size=(1500, 60)) / 20]).astype(np.float32)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            pool = pool_of(x, cluster, np.array([1, 7]))
            probcover = load({"method": "probcover", "purity": 0.8})
            found.append(probcover.query(pool, 60, np.random.default_rng(0)).index)
    np.testing.assert_array_equal(*found)
