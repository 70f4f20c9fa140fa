"""EPIG against joint Gaussians formed from scratch; its steps are tested with the regression."""

import numpy as np
import pytest

from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.regression.kernel import ntk
from ntkcpl.strategies import Pool, load


def slow_epig(kernel, noise, held, targets, i):
    """The mean of -½ log(1 - ρ²) of the label of i with those of the targets."""
    gram = kernel[np.ix_(held, held)] + noise * np.eye(len(held))
    posterior = kernel - kernel[:, held] @ np.linalg.solve(gram, kernel[held])
    variance = np.diagonal(posterior) + noise
    squared = posterior[i, targets] ** 2 / (variance[i] * variance[targets])
    return -np.log(1 - squared).mean() / 2


@pytest.mark.parametrize("n_labelled", [0, 9])
@pytest.mark.parametrize(
    "options", [{}, {"width": 64, "kernel_scaling": "l2_centred", "ridge": 0.01}], ids=str
)
def test_each_choice_has_the_most_information(options, n_labelled):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 5))[rng.integers(8, size=60)] + rng.normal(size=(60, 5)) / 2
    labelled = rng.permutation(60)[:n_labelled]
    pool = Pool(x.astype(np.float32), labelled, labelled % 4)
    strategy = load({"method": "epig", "targets": "all"} | options)
    found = strategy.query(pool, 8, np.random.default_rng(7)).index

    scaled = scale_embedding(pool.embedding, strategy.kernel_scaling)
    kernel = ntk(scaled, strategy.width, np.random.default_rng(7)).astype(np.float64)
    noise = strategy.ridge * np.diagonal(kernel).mean()
    held = labelled.tolist()
    for index in found:
        gains = {
            i: slow_epig(kernel, noise, held, np.arange(60), i)
            for i in np.setdiff1d(np.arange(60), held)
        }
        assert gains[index] >= max(gains.values()) * (1 - 1e-3)
        held.append(index)


def test_the_targets_are_drawn():
    x = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    strategy = load({"method": "epig", "targets": 5})
    batches = [strategy.query(Pool(x), 6, np.random.default_rng(seed)).index for seed in range(2)]
    assert set(batches[0]) != set(batches[1])
