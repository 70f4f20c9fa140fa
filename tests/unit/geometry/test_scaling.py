import numpy as np
import pytest

from ntkcpl.geometry.scaling import scale_embedding

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float16) + 3


def test_raw_changes_nothing():
    np.testing.assert_array_equal(scale_embedding(X, "raw"), X)


def test_l2_gives_unit_rows():
    np.testing.assert_allclose(np.linalg.norm(scale_embedding(X, "l2"), axis=1), 1, rtol=1e-6)


def test_l2_centred_keeps_distances_and_removes_the_mean():
    unit, centred = scale_embedding(X, "l2"), scale_embedding(X, "l2_centred")
    np.testing.assert_allclose(centred.mean(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(centred[0] - centred[1], unit[0] - unit[1], atol=1e-6)


def test_standardised_columns():
    scaled = scale_embedding(X, "standardised")
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-5)


@pytest.mark.parametrize("scaling", ["raw", "l2", "l2_centred", "standardised"])
def test_zeros_stay_finite_float32(scaling):
    scaled = scale_embedding(np.zeros((3, 2)), scaling)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, 0)
