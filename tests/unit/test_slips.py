"""Labels that the others contradict, against regressions that are solved again without each."""

import numpy as np
import pytest
from scipy.special import softmax

from ntkcpl.estimate import fit_temperature
from ntkcpl.regression.kernel import absolute_ridge
from ntkcpl.regression.settings import KernelRegression
from ntkcpl.slips import left_out_probability, likely_slips

RNG = np.random.default_rng(0)


def problem(n=120, n_classes=3, wrong=6):
    """Embeddings around a centre for each class, some labels being wrong: which, and what not."""
    rng = np.random.default_rng(n)
    truth = rng.integers(n_classes, size=n)
    embedding = rng.normal(size=(n, 8)) * 0.6 + 3 * np.eye(8)[truth]
    label, bad = truth.copy(), rng.permutation(n)[:wrong]
    label[bad] = (label[bad] + 1) % n_classes
    return embedding.astype(np.float32), label, truth, bad


def by_leaving_out(embedding, label, n_classes):
    """Solve the regression once for each label, without it."""
    regression = KernelRegression()
    kernel = regression.kernel(embedding, RNG).astype(np.float64)
    ridge = absolute_ridge(np.diagonal(kernel), regression.ridge)
    outputs = np.empty((len(label), n_classes))
    for row in range(len(label)):
        others = np.arange(len(label)) != row
        inner = kernel[np.ix_(others, others)] + ridge * np.eye(others.sum())
        solved = np.linalg.solve(inner, np.eye(n_classes)[label[others]])
        outputs[row] = kernel[row, others] @ solved
    return softmax(outputs / fit_temperature(outputs, label), axis=1)


@pytest.mark.parametrize("n", [2, 30, 120])
def test_probabilities_are_those_of_regressions_without_the_label(n):
    embedding, label, _, _ = problem(n, wrong=n // 20)
    found = left_out_probability(embedding, label, 3, RNG)
    np.testing.assert_allclose(found, by_leaving_out(embedding, label, 3), atol=1e-5)


def test_wrong_labels_come_first_with_what_is_right():
    embedding, label, truth, bad = problem()
    place, predicted, probability = likely_slips(embedding, label, 3, RNG)
    assert set(place[: len(bad)]) == set(bad)
    assert (predicted[: len(bad)] == truth[place[: len(bad)]]).all()
    assert (predicted != label[place]).all() and (probability <= 1).all()
    own = left_out_probability(embedding, label, 3, RNG)[place, label[place]]
    assert (np.diff(own) >= 0).all()


def test_where_all_agree_there_is_nothing_to_check():
    embedding, _, truth, _ = problem()
    assert len(likely_slips(embedding, truth, 3, RNG).place) == 0
    same = np.ones((4, 2), np.float32)
    assert len(likely_slips(same, np.zeros(4, np.int64), 2, RNG).place) == 0
