"""What is handed in must fit together, or one sentence says why not."""

import numpy as np
import pytest

from ntkcpl.head import Head
from ntkcpl.pool import Pool
from ntkcpl.records import Clusters, Features

TWO = np.array([1, 3])
X = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)


def not_finite():
    x = X.copy()
    x[3, 1] = np.nan
    return x


def clusters(index):
    return Clusters(np.array(index), np.zeros(len(index), np.int64), TWO, np.array([-1]), {})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"embedding": not_finite()}, "row 3 of the embedding is not finite"),
        ({"embedding": X[0]}, "the embedding has shape (2,), expected (N, D) with N > 0"),
        ({"embedding": X[:0]}, "the embedding has shape (0, 2), expected (N, D) with N > 0"),
        ({"labelled": np.array([1, 1])}, "labelled must not repeat an index"),
        ({"labelled": np.array([1, 5])}, "labelled must hold indices in [0, 5)"),
        ({"labelled": np.array([1, -1])}, "labelled must hold indices in [0, 5)"),
        ({"labelled": np.array([1.0, 2.0])}, "labelled is float64(2,), expected integers (L,)"),
        ({"label": np.array([0])}, "2 images are labelled, but label has 1"),
        ({"label": np.array([0, -1])}, "image 3 has no label"),
        ({"label": np.array(["a", "b"])}, "label is <U1(2,), expected integers (L,)"),
        (
            {"head": Head(np.zeros((4, 3)), np.zeros(4), np.zeros((2, 4)), np.zeros(2))},
            "the classifier was trained on embeddings of 3 dimensions, these have 2",
        ),
        ({"clusters": clusters([0, 1])}, "the clusters lack an image that is labelled"),
    ],
)
def test_a_pool_that_does_not_fit(given, message):
    with pytest.raises(ValueError) as caught:
        Pool(**{"embedding": X, "labelled": TWO, "label": np.array([0, 1])} | given)
    assert str(caught.value).startswith(message)


def test_a_pool_says_what_is_unlabelled_and_that_it_has_no_classifier():
    pool = Pool(X, TWO, TWO, clusters=clusters([0, 1, 3]))
    assert pool.unlabelled.tolist() == [0, 2, 4]
    with pytest.raises(ValueError, match="there is no trained classifier yet"):
        pool.probability(TWO)


def test_views_may_be_an_array():
    views = np.arange(5 * 3 * 2).reshape(5, 3, 2).astype(np.float16)
    features = Features(X, views, np.zeros(5, np.int64), [], X, np.zeros(5, np.int64), [])
    rows = np.array([4, 0, 2])
    found = features.views_of(rows)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, views[rows])


def test_a_part_of_a_pool_keeps_the_labels_and_what_is_known_of_its_images():
    embedding = np.arange(12.0).reshape(6, 2)
    labelled, label = np.array([4, 1]), np.array([0, 2])
    clusters = Clusters(np.array([0, 1, 3, 4]), np.array([1, 0, 0, 1]), labelled, label, {})
    pool = Pool(embedding, labelled, label, clusters=clusters)
    part, rows = pool.part(np.array([3, 2]))
    assert rows.tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(part.embedding, embedding[rows])
    assert (part.labelled.tolist(), part.label.tolist()) == ([3, 0], [0, 2])
    assert part.unlabelled.tolist() == [1, 2]
    assert part.clusters.index.tolist() == [0, 2, 3]
    assert part.clusters.pseudo_label.tolist() == [0, 0, 1]
    assert part.clusters.labelled.tolist() == [3, 0]
