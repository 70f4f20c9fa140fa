import math

import numpy as np
import pytest

from ntkcpl.encoders.quality import knn_accuracy, linear_accuracy
from ntkcpl.seeding import numpy_generator


def slow_knn(embedding: np.ndarray, label: np.ndarray, neighbours: int) -> float:
    known = [i for i in range(len(label)) if label[i] >= 0]
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    right = 0
    for i in known:
        others = sorted((j for j in known if j != i), key=lambda j: -(unit[i] @ unit[j]))
        right += int(np.bincount(label[others[:neighbours]]).argmax() == label[i])
    return right / len(known)


@pytest.mark.parametrize("neighbours", [1, 5, 1000])
def test_knn_accuracy_is_that_of_a_slow_loop(neighbours: int):
    rng = numpy_generator("knn")
    label = rng.integers(-1, 3, 60)
    embedding = (rng.normal(size=(60, 4)) + label[:, None]).astype(np.float32)
    expected = slow_knn(embedding, label, neighbours)
    assert knn_accuracy(embedding, label, neighbours) == pytest.approx(expected)


def test_knn_accuracy_of_a_large_pool_is_estimated_on_some_queries():
    rng = numpy_generator("knn")
    label = rng.integers(0, 2, 6_000)
    embedding = np.eye(2, dtype=np.float32)[label] + 0.1
    assert knn_accuracy(embedding, label) == 1


def test_knn_accuracy_of_an_unlabelled_pool_is_unknown():
    assert math.isnan(knn_accuracy(np.ones((5, 2), np.float32), np.full(5, -1)))


def test_linear_accuracy_is_that_of_a_separable_problem_and_of_chance():
    rng = np.random.default_rng(0)
    label = np.arange(600) % 3
    embedding = (np.eye(3)[label] * 100 + rng.normal(size=(600, 3))).astype(np.float32)
    known = np.where(np.arange(600) < 300, label, -1)
    assert linear_accuracy(embedding, known, embedding[300:], label[300:]) == 1
    noise = rng.normal(size=(600, 3)).astype(np.float32)
    assert linear_accuracy(noise, known, noise[300:], label[300:]) < 0.5
    assert math.isnan(linear_accuracy(embedding, np.full(600, -1), embedding, label))
    assert math.isnan(linear_accuracy(embedding, label, embedding[:0], label[:0]))
