"""Features through landmarks, whose products are nearly the kernel."""

import numpy as np
import pytest

from ntkcpl.regression.kernel import infinite_ntk, infinite_ntk_block
from ntkcpl.regression.landmarks import landmark_features


def products(x, landmarks):
    features = landmark_features(infinite_ntk_block(x), len(x), np.asarray(landmarks))
    assert features.dtype == np.float32
    assert len(features) == len(x)
    assert features.shape[1] <= len(landmarks)
    return features.astype(np.float64) @ features.T


@pytest.mark.parametrize("n_landmarks", [1, 7, 40])
def test_products_are_the_kernel_seen_from_the_landmarks(n_landmarks):
    rng = np.random.default_rng(n_landmarks)
    x = rng.normal(size=(40, 5)).astype(np.float32)
    landmarks = rng.permutation(40)[:n_landmarks]
    kernel = infinite_ntk(x).astype(np.float64)
    found, across = products(x, landmarks), kernel[:, landmarks]
    expected = across @ np.linalg.inv(kernel[np.ix_(landmarks, landmarks)]) @ across.T
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found[landmarks], kernel[landmarks], atol=1e-5)


def test_copies_of_a_landmark_add_nothing():
    x = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)[[0, 1, 2, 0, 1, 0, 3]]
    found = products(x, [0, 1, 3, 4, 5])
    np.testing.assert_allclose(found[0], infinite_ntk(x)[0], atol=1e-5)


def test_images_that_are_all_alike_have_features_of_zero():
    assert not products(np.ones((9, 4), dtype=np.float32), [2, 5]).any()
    assert not products(np.ones((1, 4), dtype=np.float32), [0]).any()


def test_rows_of_a_larger_pool_are_those_of_one_block(monkeypatch):
    x = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float16)
    whole = products(x, [3, 30, 49])
    monkeypatch.setattr("ntkcpl.regression.landmarks.BLOCK", 16)
    np.testing.assert_allclose(products(x, [3, 30, 49]), whole, atol=1e-6)
