"""ALFA-Mix against a loop over images and anchors, its gradient against torch's."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
from heads import constant_head, random_head

from ntkcpl.geometry.kmeans import central_samples
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.strategies import Pool, alfamix, load


def torch_gradient(head, x):
    z = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    weight, bias, readout, readout_bias = (
        torch.tensor(part, dtype=torch.float64)
        for part in (head.weight, head.bias, head.readout, head.readout_bias)
    )
    logits = torch.relu(z @ weight.T + bias) @ readout.T + readout_bias
    loss = torch.nn.functional.cross_entropy(logits, logits.argmax(dim=1), reduction="sum")
    return torch.autograd.grad(loss, z)[0].numpy(), logits.argmax(dim=1).numpy()


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_the_gradient_is_that_of_autograd(scale):
    rng = np.random.default_rng(0)
    head = random_head(rng, 6, scale=scale)
    x = rng.normal(size=(50, 6)).astype(np.float32)
    expected, _ = torch_gradient(head, x)
    found = alfamix.loss_gradient(head, x)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def slow_candidates(head, x, unlabelled, anchors, epsilon):
    """Images whose prediction changes when mixed by eq. 1 with the α of eq. 5, word by word."""
    gradients, predicted = torch_gradient(head, x)
    found = []
    for i in unlabelled:
        for anchor in anchors:
            difference = anchor - x[i].astype(np.float64)
            direction = gradients[i] / np.linalg.norm(gradients[i])
            alpha = epsilon * np.linalg.norm(difference) * direction / difference
            mixed = alpha * anchor + (1 - alpha) * x[i]
            hidden = np.maximum(head.weight @ mixed + head.bias, 0)
            if (head.readout @ hidden + head.readout_bias).argmax() != predicted[i]:
                found.append(i)
                break
    return found


@pytest.mark.parametrize("block", [7, 4096])
@pytest.mark.parametrize(("budget", "times"), [(4, 1), (20, 2), (79, 5)])
def test_equals_a_loop_over_images_and_anchors(budget, times, block):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 6)).astype(np.float32)
    head = random_head(rng, 6)
    labelled = rng.permutation(100)[:20]
    pool = Pool(x, labelled, labelled % 3, head=head)
    with patch.object(alfamix, "BLOCK", block):
        found = load({"method": "alfamix"}).query(pool, budget, np.random.default_rng(5)).index

    anchors = [x[labelled[labelled % 3 == c]].mean(axis=0, dtype=np.float64) for c in range(3)]
    candidates = set()
    for step in range(1, 6):
        epsilon = 0.2 * step / np.sqrt(6)
        candidates |= set(slow_candidates(head, x, pool.unlabelled, anchors, epsilon))
        if len(candidates) >= budget:
            break
    assert step == times  # the case that is meant
    rows = np.array(sorted(candidates))
    if len(rows) < budget:
        assert found[: len(rows)].tolist() == rows.tolist()
        assert len(set(found)) == budget
        return
    rng = np.random.default_rng(5)
    expected = rows[central_samples(scale_embedding(x[rows], "l2"), budget, rng)]
    assert found.tolist() == expected.tolist()


def test_what_is_missing_is_random():
    head = constant_head(2, [0, 1])
    x = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    pool = Pool(x, np.arange(5), np.arange(5) % 2, head=head)
    batches = [
        load({"method": "alfamix"}).query(pool, 10, np.random.default_rng(seed)).index
        for seed in range(2)
    ]
    assert set(batches[0]) != set(batches[1])
