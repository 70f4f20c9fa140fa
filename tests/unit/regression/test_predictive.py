"""The information about targets, step by step, against joint Gaussians formed from scratch."""

import numpy as np
import pytest

from ntkcpl.regression.kernel import diagonal_of, infinite_ntk
from ntkcpl.regression.predictive import PredictiveInformation

LAMBDA = 0.1


def slow_information(kernel, labelled, targets):
    """The mean over targets of the entropies of both labels less that of the two together."""
    gram = kernel[np.ix_(labelled, labelled)] + LAMBDA * np.eye(len(labelled))
    posterior = kernel - kernel[:, labelled] @ np.linalg.solve(gram, kernel[labelled])
    found = []
    for i in range(len(kernel)):
        parts = []
        for t in targets:
            # The target's label is another draw, even where it is of the same sample.
            covariance = posterior[np.ix_([i, t], [i, t])] + LAMBDA * np.eye(2)
            alone = np.log(np.diagonal(covariance)).sum() / 2
            parts.append(alone - np.linalg.slogdet(covariance)[1] / 2)
        found.append(np.mean(parts))
    return np.array(found)


def problem(kind, n=40):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 6)).astype(np.float32)
    if kind == "duplicates":
        x = x[rng.integers(n // 4, size=n)]
    return (x @ x.T).astype(np.float32) if kind == "linear" else infinite_ntk(x)


def started(kernel, labelled, targets):
    def block(rows, columns):
        return kernel[rows][:, columns]

    diagonal = diagonal_of(block, len(kernel))
    return PredictiveInformation(block, diagonal, LAMBDA, labelled, targets)


@pytest.mark.parametrize("kind", ["random", "duplicates", "linear"])
@pytest.mark.parametrize("n_labelled", [0, 6, 38])
@pytest.mark.parametrize("n_targets", [1, 11, 40])
def test_information_is_that_of_joint_gaussians(kind, n_labelled, n_targets, monkeypatch):
    monkeypatch.setattr("ntkcpl.regression.predictive.BLOCK", 7)
    kernel, rng = problem(kind), np.random.default_rng(n_targets)
    labelled, targets = rng.permutation(40)[:n_labelled], rng.permutation(40)[:n_targets]
    wide, held = kernel.astype(np.float64), labelled.tolist()
    predictive = started(kernel, labelled, targets)
    for _ in range(min(6, 40 - n_labelled)):
        expected = slow_information(wide, held, targets)
        found = predictive.information()
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())
        (chosen,) = predictive.select(1)
        free = np.setdiff1d(np.arange(40), held)
        assert chosen in free
        assert expected[chosen] >= expected[free].max() * (1 - 1e-3)
        held.append(int(chosen))


def test_each_label_is_chosen_once_and_ties_go_to_the_lower_index():
    predictive = started(np.ones((5, 5), np.float32), np.array([1]), np.arange(5))
    assert predictive.select(4).tolist() == [0, 2, 3, 4]
    with pytest.raises(ValueError, match="cannot choose 1 of 0"):
        predictive.select(1)
