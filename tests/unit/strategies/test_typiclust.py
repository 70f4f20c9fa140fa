"""TypiClust against a slow loop that follows its paper word by word."""

import numpy as np
import pytest

from ntkcpl.geometry.distances import Points
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.records import Clusters
from ntkcpl.strategies import Pool, load
from ntkcpl.strategies.typiclust import _mean_distance


def typicality(x, members, i, neighbours):
    """Inverse mean distance of sample i to its nearest others in the cluster."""
    distances = sorted(np.linalg.norm(x[i] - x[j]) for j in members if j != i)
    nearest = distances[:neighbours]
    return np.inf if not nearest else 1 / max(np.mean(nearest), 1e-12)


def slow_typiclust(x, cluster_of, labelled, budget, neighbours, smallest):
    chosen = []
    for _ in range(budget):
        taken = set(labelled) | set(chosen)
        best = None
        for cluster in range(max(cluster_of) + 1):
            members = [i for i in range(len(x)) if cluster_of[i] == cluster]
            if not set(members) - taken:
                continue
            n_labelled = len(set(members) & taken)
            rank = (len(members) < smallest, n_labelled, -len(members), cluster)
            if best is None or rank < best[0]:
                best = (rank, members)
        members = best[1]
        chosen.append(
            max(
                (i for i in members if i not in taken),
                key=lambda i: (typicality(x, members, i, neighbours), -i),
            )
        )
    return chosen


@pytest.mark.parametrize("seed", range(10))
def test_equals_the_slow_loop(seed):
    rng = np.random.default_rng(seed)
    n, n_clusters = 60, int(rng.integers(1, 9))
    embedding = rng.normal(size=(n, 4)).astype(np.float32)
    cluster_of = np.concatenate(
        [np.arange(n_clusters), rng.integers(n_clusters, size=n - n_clusters)]
    )
    labelled = rng.permutation(n)[: rng.integers(0, 30)]
    clusters = Clusters(np.arange(n), cluster_of, labelled, np.zeros(n_clusters), {})
    pool = Pool(embedding, labelled, labelled % 3, clusters=clusters)
    budget = int(rng.integers(1, n - len(labelled) + 1))
    found = load({"method": "typiclust", "neighbours": 3}).query(pool, budget, rng).index
    x = scale_embedding(embedding, "l2").astype(np.float64)
    assert found.tolist() == slow_typiclust(x, cluster_of, labelled, budget, 3, 6)


@pytest.mark.parametrize("neighbours", [1, 5, 40])
@pytest.mark.parametrize("kind", ["random", "duplicates", "constant", "pair", "one"])
def test_mean_distances_are_exact_in_blocks_and_equal_for_equal_rows(kind, neighbours, monkeypatch):
    rng = np.random.default_rng(1)
    x = rng.normal(size=({"pair": 2, "one": 1}.get(kind, 31), 130)).astype(np.float32)
    if kind == "duplicates":
        x = x[rng.integers(9, size=31)]
    elif kind == "constant":
        x[:] = x[0]
    grid = Points(x).x
    expected = []
    for i in range(len(x)):
        near = sorted(np.sqrt(((grid[i] - other) ** 2).sum()) for other in np.delete(grid, i, 0))
        expected.append(np.mean(near[:neighbours]) if near else 0)
    monkeypatch.setattr("ntkcpl.strategies.typiclust.DISTANCE_ROWS", 7)
    found = _mean_distance(x, neighbours)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    _, same = np.unique(x, axis=0, return_inverse=True)
    for group in range(same.max() + 1):
        assert len(np.unique(found[same == group])) == 1


def test_as_many_clusters_as_labels_up_to_the_limit():
    typiclust = load({"method": "typiclust", "max_clusters": 50})
    assert typiclust.clustering(labels=20, first_budget=10).n_clusters == 20
    assert typiclust.clustering(labels=80, first_budget=10).n_clusters == 50
