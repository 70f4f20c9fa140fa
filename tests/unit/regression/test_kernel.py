"""The closed-form kernels against gradients of real modules."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev

from ntkcpl.regression.kernel import diagonal_of, empirical_ntk, infinite_ntk, ntk, ntk_block


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


def contraction_of_jacobians(x, head, names=None):
    """Contract the Jacobians with respect to the parameters called `names`, by default all."""
    parameters = dict(head.named_parameters())
    parameters = {name: parameters[name] for name in names or parameters}

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


def test_infinite_kernel_is_that_of_a_wide_head_in_training():
    n, d, width = 80, 100, 1500
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(n, d)) * rng.uniform(0.5, 2, (n, 1)) + rng.normal(size=d)).astype("f4")
    linear = nn.Linear(d, width, bias=False)
    norm = nn.BatchNorm1d(width, track_running_stats=False)
    logit = nn.Linear(width, 1, bias=False)
    head = nn.Sequential(linear, norm, nn.ReLU(), logit).double().train()
    with torch.no_grad():
        linear.weight[:] = torch.from_numpy(rng.normal(size=(width, d)))
        logit.weight[0] = torch.from_numpy(rng.normal(size=width))
    # In the NTK parametrisation both layers' outputs are divided by the root of their inputs; the
    # batch norm undoes it for the first, so that only the last one's remains, 1/width squared.
    expected = contraction_of_jacobians(x, head, ["0.weight", "3.weight"]) / width
    first_layer = contraction_of_jacobians(x, head, ["0.weight"]) / width
    assert 0.3 < np.trace(first_layer) / np.trace(expected) < 0.7  # both layers count
    # Both numbers of dimensions and of units are finite: 7% here, 11% at half of both.
    difference = np.linalg.norm(infinite_ntk(x) - expected)
    assert difference < 0.1 * np.linalg.norm(expected)


@pytest.mark.parametrize("seed", range(3))
def test_infinite_kernel_is_the_mean_over_gaussian_units(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(12, 3)).astype(np.float32)
    centred = x - x.mean(axis=0)
    centred /= np.sqrt((centred**2).sum(axis=1).mean())
    z = centred @ rng.normal(size=(3, 400_000))
    active = (z > 0).astype(np.float64)
    readout = np.maximum(z, 0) @ np.maximum(z, 0).T / z.shape[1]
    first = centred @ centred.T * (active @ active.T / z.shape[1])
    np.testing.assert_allclose(infinite_ntk(x), readout + first, rtol=0.02, atol=0.01)
    np.testing.assert_allclose(np.diagonal(infinite_ntk(x)).mean(), 1, rtol=1e-5)


def test_infinite_kernel_knows_no_origin_and_no_unit():
    x = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    np.testing.assert_allclose(infinite_ntk(8 * x + 3), infinite_ntk(x), atol=1e-5)


KERNELS = {
    "empirical": lambda x, **block: empirical_ntk(x, 16, np.random.default_rng(1), **block),
    "infinite": infinite_ntk,
}


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_blocks_change_nothing_and_the_result_is_symmetric_to_the_bit(kernel):
    x = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    x[7] = x[40]  # equal and opposite rows are where an angle's rounding matters
    x[8] = 2 * x.mean(axis=0) - x[7]
    whole, in_blocks = kernel(x), kernel(x, block=13)
    np.testing.assert_allclose(in_blocks, whole, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(in_blocks, in_blocks.T)
    np.testing.assert_allclose(whole[7], whole[40], rtol=1e-5)
    assert np.linalg.eigvalsh(whole.astype(np.float64)).min() > -1e-5 * np.trace(whole)


@pytest.mark.parametrize("width", [8, "infinite"])
def test_one_sample_and_constant_embedding_stay_finite(width):
    for x in (np.ones((1, 3), np.float32), np.zeros((4, 3), np.float32)):
        kernel = ntk(x, width, np.random.default_rng(0))
        assert kernel.shape == (len(x), len(x)) and np.isfinite(kernel).all()


@pytest.mark.parametrize("width", [16, "infinite"])
def test_any_rows_and_columns_and_the_diagonal_are_those_of_the_whole(width):
    x = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    whole = ntk(x, width, np.random.default_rng(1))
    block = ntk_block(x, width, np.random.default_rng(1))
    rows, columns = np.array([7, 2, 19]), slice(4, 21)
    np.testing.assert_allclose(block(rows, columns), whole[rows, columns], atol=2e-6)
    np.testing.assert_allclose(diagonal_of(block, 30, block=8), np.diagonal(whole), atol=2e-6)


@pytest.mark.parametrize("device", ["cpu:0", *["cuda"] * torch.cuda.is_available()])
@pytest.mark.parametrize("kind", ["random", "duplicates", "opposite", "constant"])
def test_a_gpu_computes_the_infinite_kernel_too(kind, device):
    x = np.random.default_rng(0).normal(size=(60, 7)).astype(np.float32)
    if kind == "duplicates":
        x[30:] = x[:30]
    elif kind == "opposite":
        x[30:] = -x[:30]
    elif kind == "constant":
        x[:] = 1
    found = infinite_ntk(x, block=8, device=device)
    np.testing.assert_allclose(found, infinite_ntk(x), atol=2e-5)
    np.testing.assert_array_equal(found, found.T)
