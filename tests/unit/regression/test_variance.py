"""The weighted variance, step by step, against a posterior formed from scratch."""

import numpy as np
import pytest
import torch

from ntkcpl.regression import variance as module
from ntkcpl.regression.kernel import infinite_ntk
from ntkcpl.regression.variance import WeightedVariance


def posterior(kernel, noise, labelled):
    """Covariance given the labels of some samples, in float64."""
    told = [i for i in labelled if np.isfinite(noise[i])]
    gram = kernel[np.ix_(told, told)] + np.diag(noise[told])
    return kernel - kernel[:, told] @ np.linalg.solve(gram, kernel[told])


def slow_gains(kernel, weight, noise, labelled):
    """What each label takes from the weighted variance: before less after."""
    before = weight @ np.diagonal(posterior(kernel, noise, labelled))
    return np.array(
        [
            before - weight @ np.diagonal(posterior(kernel, noise, [*labelled, i]))
            for i in range(len(kernel))
        ]
    )


def problem(kind, n=40, n_labelled=6):
    rng = np.random.default_rng(n_labelled)
    x = rng.normal(size=(n, 8)).astype(np.float32)
    if kind == "duplicates":
        x = x[rng.integers(n // 4, size=n)]
    kernel = x @ x.T if kind == "linear" else infinite_ntk(x)
    weight = np.ones(n) if kind == "equal" else rng.random(n)
    weight[:3] = 0
    noise = np.full(n, 0.1) if kind != "noisy" else 0.01 / np.maximum(weight, 1e-300)
    if kind == "noisy":
        noise[:3] = np.inf
    return kernel.astype(np.float32), weight, noise, rng.permutation(n)[:n_labelled]


# NumPy; what is for GPUs, run by torch on the CPU; the same on a GPU if there is one.
DEVICES = pytest.mark.parametrize("device", ["cpu", "cpu:0", *["cuda"] * torch.cuda.is_available()])
KINDS = pytest.mark.parametrize("kind", ["random", "equal", "linear", "duplicates", "noisy"])


@KINDS
@DEVICES
@pytest.mark.parametrize("n_labelled", [0, 6, 39])
def test_gains_are_those_of_posteriors_from_scratch(kind, n_labelled, device, monkeypatch):
    monkeypatch.setattr(module, "STEPS", 4)  # so that some are taken from R
    kernel, weight, noise, labelled = problem(kind, n_labelled=n_labelled)
    wide, held = kernel.astype(np.float64), labelled.tolist()
    variance = WeightedVariance(kernel.copy(), weight, noise, labelled, device)
    for _ in range(min(10, 40 - n_labelled)):
        expected = slow_gains(wide, weight, noise, held)
        free = np.setdiff1d(np.arange(40), held)
        found = variance.gains()
        np.testing.assert_allclose(found[free], expected[free], atol=1e-3 * expected.max() + 1e-6)
        (chosen,) = variance.select(1)
        assert chosen in free
        assert expected[chosen] >= expected[free].max() * (1 - 1e-3) - 1e-6
        held.append(int(chosen))


@DEVICES
def test_each_label_is_chosen_once_and_ties_go_to_the_lower_index(device):
    one = np.ones((5, 5), np.float32)
    variance = WeightedVariance(one, np.ones(5), np.full(5, 0.1), [1], device)
    assert variance.select(4).tolist() == [0, 2, 3, 4]
    with pytest.raises(ValueError, match="cannot choose 1 of 0"):
        variance.select(1)


@pytest.mark.parametrize(
    "change",
    [
        {"kernel": np.eye(3, dtype=np.float32)},
        {"weight": np.array([1, -1, 1, 1.0])},
        {"noise": np.array([1, 0, 1, 1.0])},
        {"labelled": [1, 1]},
        {"labelled": [4]},
    ],
)
def test_input_that_does_not_fit_is_refused(change):
    given = {"kernel": np.eye(4, dtype=np.float32), "weight": np.ones(4), "noise": np.ones(4)}
    with pytest.raises(ValueError):
        WeightedVariance(**given | {"labelled": []} | change)


def test_a_gpu_chooses_what_the_cpu_chooses():
    rng = np.random.default_rng(0)
    n = 700
    kernel = infinite_ntk(rng.normal(size=(n, 20)).astype(np.float32))
    weight = rng.random(n)
    noise, labelled = 0.01 / weight, rng.permutation(n)[:50]
    choices = [
        WeightedVariance(kernel.copy(), weight, noise, labelled, device).select(300)
        for device in ("cpu", "cuda" if torch.cuda.is_available() else "cpu:0")
    ]
    np.testing.assert_array_equal(*choices)
