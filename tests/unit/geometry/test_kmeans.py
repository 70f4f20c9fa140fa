"""Constrained k-means: properties, and scikit-learn's for comparison."""

import numpy as np
import pytest
from clustering_problems import check_constraints, problems
from hypothesis import given, settings
from sklearn.cluster import KMeans

from ntkcpl.geometry.kmeans import UNKNOWN, central_samples, constrained_kmeans, kmeans_plusplus


@settings(max_examples=200, deadline=None)
@given(problems())
def test_no_constraint_is_violated_and_no_cluster_is_empty(problem):
    x, n_clusters, classes, constraint, rng = problem
    assigned = constrained_kmeans(x, n_clusters, rng, classes, constraint, starts=1)
    check_constraints(assigned, classes, constraint)
    np.testing.assert_array_equal(np.unique(assigned), np.arange(n_clusters))


@pytest.mark.parametrize("seed", range(5))
def test_without_labels_it_is_plain_kmeans(seed):
    x = np.random.default_rng(seed).normal(size=(300, 5)).astype(np.float32)
    centres = kmeans_plusplus(x, 7, np.random.default_rng(seed))
    expected = KMeans(7, init=centres, n_init=1, tol=0, algorithm="lloyd").fit(x)
    found = constrained_kmeans(x, 7, np.random.default_rng(seed), starts=1)
    np.testing.assert_array_equal(found, expected.labels_)


def test_first_centres_are_drawn_by_squared_distance():
    x = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    rng = np.random.default_rng(0)
    pairs = [tuple(kmeans_plusplus(x, 2, rng)[:, 0].tolist()) for _ in range(6000)]
    # From 0 the squared distances are 1 and 9, from 1 they are 1 and 4, from 3 they are 9 and 4.
    for pair, probability in {
        (0, 1): 1 / 30,
        (0, 3): 9 / 30,
        (1, 3): 4 / 15,
        (3, 1): 4 / 39,
    }.items():
        assert pairs.count(pair) / 6000 == pytest.approx(probability, abs=0.02)


def test_first_centres_of_distinct_rows_are_distinct():
    x = np.arange(12, dtype=np.float32)[:, None]
    assert len(np.unique(kmeans_plusplus(x, 12, np.random.default_rng(0)))) == 12


def test_more_starts_never_give_a_larger_inertia():
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)

    def inertia(starts):
        assigned = constrained_kmeans(x, 9, np.random.default_rng(1), starts=starts, iterations=10)
        return sum(
            ((x[assigned == c] - x[assigned == c].mean(axis=0)) ** 2).sum() for c in range(9)
        )

    assert inertia(8) <= inertia(1) + 1e-3


def test_the_start_that_is_kept_goes_on_until_nothing_changes():
    x = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    assigned = constrained_kmeans(x, 40, np.random.default_rng(1), iterations=300)
    means = np.stack([x[assigned == c].mean(axis=0) for c in range(40)])
    nearest = ((x[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(assigned, nearest)


def test_a_conflict_goes_to_the_closest_and_the_other_moves_on():
    x = np.array([[0.0], [0.1], [0.2], [5.0], [5.1]], dtype=np.float32)
    classes = np.array([0, 1, UNKNOWN, UNKNOWN, UNKNOWN])
    assigned = constrained_kmeans(x, 2, np.random.default_rng(0), classes, "cannot_link")
    assert assigned[0] != assigned[1]


@pytest.mark.parametrize(("n_clusters", "classes"), [(1, [0, 1, -1]), (4, [-1, -1, -1])])
def test_impossible_numbers_of_clusters_are_refused(n_clusters, classes):
    with pytest.raises(ValueError, match=f"{n_clusters} clusters asked for"):
        constrained_kmeans(
            np.eye(3, dtype=np.float32),
            n_clusters,
            np.random.default_rng(0),
            np.array(classes),
            "cannot_link",
        )


@pytest.mark.parametrize("kind", ["random", "duplicates"])
def test_central_samples_are_the_nearest_to_their_clusters_means(kind):
    x = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    if kind == "duplicates":
        x = np.repeat(x[:20], 4, axis=0)
    found = central_samples(x, 9, np.random.default_rng(1))
    assigned = constrained_kmeans(x, 9, np.random.default_rng(1))
    for cluster, index in enumerate(found):
        members = np.flatnonzero(assigned == cluster)
        rows = x[members].astype(np.float64)
        distance = np.linalg.norm(rows - rows.mean(axis=0), axis=1)
        assert index == members[distance <= distance.min() + 1e-12][0]
