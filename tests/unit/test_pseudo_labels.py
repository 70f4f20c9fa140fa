"""Alg. 2: properties of the splits, and of what `Clustering` gives."""

import numpy as np
import pytest
from clustering_problems import check_constraints, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from ntkcpl.geometry.kmeans import constrained_kmeans
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.head import Head
from ntkcpl.pool import Pool
from ntkcpl.pseudo_labels import MIXED, UNKNOWN, Clustering, labelled_classes, split_confusing


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


def test_without_a_constraint_labels_do_not_bind_a_split():
    x = np.arange(8, dtype=np.float32)[:, None]
    found = []
    for classes in (np.full(8, UNKNOWN), np.array([0, 1, 2, 3, 0, 1, 2, 3])):
        assigned, predicted = np.zeros(8, dtype=np.int64), np.repeat([0, 1], 4)
        split_confusing(x, assigned, 2, predicted, classes, "none")
        found.append(assigned)
    np.testing.assert_array_equal(*found)


def test_clusters_that_mix_classes_are_refused():
    x, classes = np.arange(6, dtype=np.float32)[:, None], np.array([0, 1, 2, -1, -1, -1])
    with pytest.raises(ValueError, match="2 clusters cannot keep 3 classes apart"):
        split_confusing(x, np.zeros(6, np.int64), 2, np.arange(6), classes, "cannot_link")


def test_identical_rows_cannot_be_split():
    assigned = np.zeros(5, dtype=np.int64)
    log = split_confusing(
        np.ones((5, 2), np.float32), assigned, 3, np.arange(5), np.full(5, UNKNOWN), "cannot_link"
    )
    assert len(log["parent"]) == 0


def random_head(width, rng, n_classes=2):
    shapes = ((6, width), (6,), (n_classes, 6), (n_classes,))
    return Head(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))


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
    pool = Pool(x, labelled, label, random_head(3, rng))
    found = clustering(candidates=30).cluster(pool, rng)
    assert len(found.index) == 33
    assert set(labelled) <= set(found.index.tolist())
    assert (np.diff(found.index) > 0).all()
    np.testing.assert_array_equal(found.labelled, labelled)
    assert found.n_clusters == 9
    assert len(found.splits["parent"]) == 5
    assert MIXED not in found.labelled_class


def test_a_first_batch_smaller_than_the_number_of_classes_is_no_obstacle():
    x = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    pool = Pool(x, np.arange(6), np.arange(6))
    found = clustering(n_initial=2, n_clusters=2).cluster(pool, np.random.default_rng(0))
    assert found.n_clusters == 6


def test_what_is_clustered_is_the_embedding_or_the_hidden_units():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3)).astype(np.float32)
    labelled, label = np.arange(2), np.array([0, 1])
    head = random_head(3, rng)
    hidden = head.hidden(x)
    by_units = clustering(feature="al", n_clusters=4)
    found = by_units.cluster(Pool(x, labelled, label, head), np.random.default_rng(1))
    expected = constrained_kmeans(
        scale_embedding(hidden, "l2_centred"),
        4,
        np.random.default_rng(1),
        np.array([0, 1] + 38 * [UNKNOWN]),
        "cannot_link",
        starts=2,
    )
    np.testing.assert_array_equal(found.pseudo_label, expected)
    without = [
        clustering(feature=feature).cluster(Pool(x), np.random.default_rng(1)).pseudo_label
        for feature in ("self", "al")
    ]
    np.testing.assert_array_equal(*without)


def test_labelled_classes():
    found = labelled_classes(np.array([0, 0, 1, 1, 2]), np.array([4, -1, 0, 2, -1]))
    np.testing.assert_array_equal(found, [4, MIXED, UNKNOWN])


def test_as_many_clusters_as_classes_needs_their_number():
    rng = np.random.default_rng(0)
    asked = clustering(n_initial="classes", n_clusters="classes")
    pool = Pool(rng.normal(size=(20, 2)))
    assert asked.cluster(pool, rng, n_classes=3).n_clusters == 3
    with pytest.raises(ValueError, match="as many clusters as classes, which are not known"):
        asked.cluster(pool, rng)
