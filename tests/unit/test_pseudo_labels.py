"""Constrained k-means and Alg. 2: properties, and slow references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from ntkcpl.pseudo_labels import (
    MIXED,
    UNKNOWN,
    Clustering,
    constrained_kmeans,
    kmeans_plusplus,
    labelled_classes,
    split_confusing,
)


@st.composite
def problems(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 40))
    x = rng.normal(size=(n, draw(st.integers(1, 4)))).astype(np.float32)
    if draw(st.booleans()):
        x = x[rng.integers(n, size=n)]  # duplicates
    if draw(st.booleans()):
        x[:] = x[0]
    n_classes = draw(st.integers(1, 5))
    n_labelled = draw(st.integers(0, n))
    classes = np.full(n, UNKNOWN)
    classes[rng.permutation(n)[:n_labelled]] = rng.integers(n_classes, size=n_labelled)
    constraint = draw(st.sampled_from(["none", "cannot_link", "must_link"]))
    present = len(set(classes) - {UNKNOWN})
    most = n if constraint != "must_link" else int((classes == UNKNOWN).sum()) + present
    n_clusters = draw(st.integers(max(1, present), most))
    return x, n_clusters, classes, constraint, rng


def check_constraints(assigned, classes, constraint):
    known = classes != UNKNOWN
    for cluster in np.unique(assigned[known]):
        inside = np.unique(classes[known & (assigned == cluster)])
        assert constraint == "none" or len(inside) == 1
    if constraint == "must_link":
        for label in np.unique(classes[known]):
            assert len(np.unique(assigned[classes == label])) == 1


@settings(max_examples=200, deadline=None)
@given(problems())
def test_no_constraint_is_violated_and_no_cluster_is_empty(problem):
    x, n_clusters, classes, constraint, rng = problem
    assigned = constrained_kmeans(x, n_clusters, rng, classes, constraint, starts=1)
    check_constraints(assigned, classes, constraint)
    np.testing.assert_array_equal(np.unique(assigned), np.arange(n_clusters))


@settings(max_examples=200, deadline=None)
@given(problems(), st.integers(0, 2**32 - 1))
def test_splits_keep_constraints_and_do_not_lower_purity(problem, seed):
    x, n_clusters, classes, constraint, rng = problem
    predicted = np.where(classes == UNKNOWN, rng.integers(4, size=len(x)), classes)
    before = constrained_kmeans(x, n_clusters, rng, classes, constraint, starts=1)
    after = before.copy()
    wanted = int(np.random.default_rng(seed).integers(n_clusters, len(x) + 1)) if len(x) else 1
    log = split_confusing(x, after, max(wanted, n_clusters), predicted, classes, constraint)

    check_constraints(after, classes, constraint)
    n_after = n_clusters + len(log["parent"])
    np.testing.assert_array_equal(np.unique(after), np.arange(n_after))
    assert n_after <= max(wanted, n_clusters)
    for cluster in range(n_after):  # splits only refine
        assert len(np.unique(before[after == cluster])) == 1

    def frequent(assigned):
        groups = (predicted[assigned == cluster] for cluster in np.unique(assigned))
        return sum(np.bincount(group).max() for group in groups)

    assert frequent(after) >= frequent(before)


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
        assigned = constrained_kmeans(x, 9, np.random.default_rng(1), starts=starts)
        return sum(
            ((x[assigned == c] - x[assigned == c].mean(axis=0)) ** 2).sum() for c in range(9)
        )

    assert inertia(8) <= inertia(1) + 1e-3


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


def test_the_most_confusing_cluster_is_split_first_and_logged():
    rng = np.random.default_rng(0)
    pure, mixed = rng.normal(0, 0.1, (10, 2)), rng.normal(5, 0.1, (6, 2))
    mixed[3:] += 1
    x = np.vstack([pure, mixed]).astype(np.float32)
    assigned = np.repeat([0, 1], [10, 6])
    predicted = np.array([0] * 10 + [1] * 3 + [2] * 3)
    unknown = np.full(16, UNKNOWN)
    log = split_confusing(x, assigned, 3, predicted, unknown, "cannot_link")
    assert {name: column.tolist() for name, column in log.items()} == {
        "parent": [1],
        "child": [2],
        "confusing": [3],
        "size": [6],
    }
    assert len(set(assigned[10:13])) == len(set(assigned[13:])) == 1
    assert assigned[10] != assigned[13]


def test_identical_rows_cannot_be_split():
    assigned = np.zeros(5, dtype=np.int64)
    log = split_confusing(
        np.ones((5, 2), np.float32), assigned, 3, np.arange(5), np.full(5, UNKNOWN), "cannot_link"
    )
    assert len(log["parent"]) == 0


def clustering(**changes):
    return Clustering(
        **{
            "feature": "self",
            "scaling": "l2_centred",
            "candidates": "all",
            "constraint": "cannot_link",
            "n_initial": 4,
            "n_clusters": 9,
            "starts": 2,
        }
        | changes
    )


def test_cluster_considers_a_random_part_and_every_labelled_sample():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3)).astype(np.float32)
    labelled, label = np.array([70, 3, 50]), np.array([1, 0, 1])
    predicted = rng.integers(2, size=100)
    found = clustering(candidates=30).cluster(x, labelled, label, predicted, rng)
    assert len(found.index) == 33
    assert set(labelled) <= set(found.index.tolist())
    assert (np.diff(found.index) > 0).all()
    np.testing.assert_array_equal(found.labelled, labelled)
    assert found.n_clusters == 9
    assert len(found.splits["parent"]) == 5
    assert MIXED not in found.labelled_class


def test_a_first_batch_smaller_than_the_number_of_classes_is_no_obstacle():
    x = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    labelled = np.arange(6)
    found = clustering(n_initial=2, n_clusters=2).cluster(
        x, labelled, labelled, np.zeros(30, dtype=np.int64), np.random.default_rng(0)
    )
    assert found.n_clusters == 6


def test_a_row_that_is_not_finite_is_named():
    x = np.ones((5, 2), dtype=np.float32)
    x[3, 1] = np.nan
    empty = np.empty(0, dtype=np.int64)
    with pytest.raises(ValueError, match="row 3"):
        clustering().cluster(x, empty, empty, None, np.random.default_rng(0))


def test_labelled_classes():
    found = labelled_classes(np.array([0, 0, 1, 1, 2]), np.array([4, -1, 0, 2, -1]))
    np.testing.assert_array_equal(found, [4, MIXED, UNKNOWN])
