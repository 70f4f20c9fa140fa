"""The closed-form kernel against gradients of a real module."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev

from ntkcpl.kernel import empirical_ntk


def head_of(x, width, rng):
    """The module whose kernel `empirical_ntk` computes, drawn from an equal generator."""
    d = x.shape[1]
    linear, norm, logit = nn.Linear(d, width), nn.BatchNorm1d(width), nn.Linear(width, 1)
    head = nn.Sequential(linear, norm, nn.ReLU(), logit).double().eval()
    with torch.no_grad():
        linear.weight[:] = torch.from_numpy(rng.uniform(-1, 1, (width, d)) / np.sqrt(d))
        linear.bias[:] = torch.from_numpy(rng.uniform(-1, 1, width) / np.sqrt(d))
        logit.weight[0] = torch.from_numpy(rng.uniform(-1, 1, width) / np.sqrt(width))
        z = linear(torch.from_numpy(x).double())
        norm.running_mean[:] = z.mean(dim=0)
        norm.running_var[:] = z.var(dim=0, unbiased=False)
    return head


def contraction_of_jacobians(x, head):
    parameters = dict(head.named_parameters())

    def outputs(parameters):
        return functional_call(head, parameters, (torch.from_numpy(x).double(),))[:, 0]

    jacobian = jacrev(outputs)(parameters)
    rows = torch.cat([part.flatten(start_dim=1) for part in jacobian.values()], dim=1)
    return (rows @ rows.T).detach().numpy()


@pytest.mark.parametrize("seed", range(8))
def test_equals_contraction_of_jacobians(seed):
    rng = np.random.default_rng(seed)
    n, d, width = rng.integers(2, 30), rng.integers(1, 12), rng.integers(1, 40)
    x = rng.normal(size=(n, d)).astype(np.float32)
    kernel = empirical_ntk(x, width, np.random.default_rng(seed))
    expected = contraction_of_jacobians(x, head_of(x, width, np.random.default_rng(seed)))
    assert np.abs(kernel - expected).max() <= 1e-5 * np.abs(expected).max()


def test_blocks_change_nothing_and_the_result_is_symmetric_to_the_bit():
    x = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    whole = empirical_ntk(x, 16, np.random.default_rng(1))
    blocked = empirical_ntk(x, 16, np.random.default_rng(1), block=13)
    np.testing.assert_allclose(blocked, whole, rtol=1e-5)
    np.testing.assert_array_equal(blocked, blocked.T)
    assert np.linalg.eigvalsh(whole.astype(np.float64)).min() > -1e-5 * np.trace(whole)


def test_one_sample_and_constant_embedding_stay_finite():
    for x in (np.ones((1, 3), np.float32), np.zeros((4, 3), np.float32)):
        assert np.isfinite(empirical_ntk(x, 8, np.random.default_rng(0))).all()
