"""Regression solved once against that by updates, and leave-one-out against leaving one out."""

import numpy as np
import pytest

from ntkcpl.regression.direct import regress
from ntkcpl.regression.incremental import IncrementalRegression
from ntkcpl.regression.kernel import infinite_ntk


def problem(n_labelled, seed=0):
    rng = np.random.default_rng(seed + n_labelled)
    kernel = infinite_ntk(rng.normal(size=(40, 5)).astype(np.float32))
    return kernel, rng.permutation(40)[:n_labelled], rng.integers(4, size=40)


def solved(kernel, labelled, label):
    lambda_ = 0.1 * np.diagonal(kernel).mean(dtype=np.float64)
    return regress(kernel[:, labelled], lambda_, labelled, label[labelled], 4)


@pytest.mark.parametrize("n_labelled", [0, 1, 12, 40])
def test_regression_is_the_incremental_one_s(n_labelled):
    kernel, labelled, label = problem(n_labelled)
    outputs = solved(kernel, labelled, label).outputs
    expected = IncrementalRegression(kernel.copy(), label, 4, labelled, ridge=0.1).predictions
    np.testing.assert_allclose(outputs, expected, atol=1e-6)


@pytest.mark.parametrize("n_labelled", [1, 2, 12, 40])
def test_leave_one_out_is_the_regression_on_the_others(n_labelled):
    kernel, labelled, label = problem(n_labelled)
    found = solved(kernel, labelled, label).left_out
    for i, image in enumerate(labelled):
        others = np.delete(labelled, i)
        expected = solved(kernel, others, label).outputs[image]
        np.testing.assert_allclose(found[i], expected, atol=1e-9)


def test_images_that_are_all_alike_say_nothing():
    label = np.array([0, 1])
    zero = np.zeros((3, 3), dtype=np.float32)
    found = regress(zero[:, :2], 0.1, np.arange(2), label, 2)
    assert not found.outputs.any()
    assert not found.left_out.any()
