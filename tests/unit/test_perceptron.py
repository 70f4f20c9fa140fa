import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from ntkcpl.perceptron import Perceptron

WIDTH, HIDDEN, CLASSES = 7, 5, 3


def torch_twin(ours):
    """The same layers in torch, with the same weights."""
    twin = nn.Sequential(
        nn.Linear(WIDTH, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES)
    )
    twin.load_state_dict({name: torch.tensor(value) for name, value in ours.state().items()})
    return twin


@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.9, 5e-4), (0.5, 0.1), (0.0, 0.0)])
@pytest.mark.parametrize("batch", [2, 3, 16])
def test_each_step_is_that_of_torch(batch, momentum, weight_decay):
    rng = np.random.default_rng(batch)
    ours = Perceptron(WIDTH, HIDDEN, CLASSES, rng, momentum, weight_decay)
    theirs = torch_twin(ours)
    optimizer = torch.optim.SGD(
        theirs.parameters(),
        lr=1.0,
        momentum=momentum,
        weight_decay=weight_decay,
        nesterov=momentum > 0,
    )
    for k in range(15):
        x = rng.normal(size=(batch, WIDTH)).astype(np.float32)
        label = rng.integers(0, CLASSES, batch)
        optimizer.param_groups[0]["lr"] = 0.3 / (k + 1)
        expected = cross_entropy(theirs(torch.from_numpy(x)), torch.from_numpy(label))
        optimizer.zero_grad()
        expected.backward()
        optimizer.step()
        assert ours.step(x, label, 0.3 / (k + 1)) == pytest.approx(expected.item(), abs=1e-5)
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(ours.state()[name], value, atol=2e-4, err_msg=name)


def test_equal_inputs_of_one_class_are_no_fault():
    ours = Perceptron(WIDTH, HIDDEN, 1, np.random.default_rng(0), 0.9, 5e-4)
    x = np.ones((4, WIDTH), dtype=np.float32)
    assert ours.step(x, np.zeros(4, dtype=np.int64), 0.1) == 0
    assert all(np.isfinite(value).all() for value in ours.state().values())


def test_it_starts_as_torch_does():
    ours = Perceptron(400, 300, 10, np.random.default_rng(0), 0.9, 0)
    theirs = nn.Sequential(
        nn.Linear(400, 300), nn.BatchNorm1d(300), nn.ReLU(), nn.Linear(300, 10)
    ).state_dict()
    state = ours.state()
    assert state.keys() == theirs.keys()
    for name, value in theirs.items():
        assert state[name].shape == value.shape
        assert state[name].dtype == value.numpy().dtype
        if name in ("0.weight", "3.weight"):
            assert np.abs(state[name]).max() <= value.abs().max().item() * 1.01
            assert state[name].std() == pytest.approx(value.std().item(), rel=0.05)
            assert abs(state[name].mean()) < value.std().item() / 10


def test_what_it_returns_does_not_learn_on():
    rng = np.random.default_rng(0)
    ours = Perceptron(WIDTH, HIDDEN, CLASSES, rng, 0.9, 0)
    before = ours.state()
    weight = before["0.weight"].copy()
    ours.step(rng.normal(size=(4, WIDTH)).astype(np.float32), np.arange(4) % 3, 0.1)
    np.testing.assert_array_equal(before["0.weight"], weight)
