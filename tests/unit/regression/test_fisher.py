"""The trace of Fisher informations, step by step, against one formed from scratch."""

import numpy as np
import pytest

from ntkcpl.regression.fisher import FisherTrace, information, select
from ntkcpl.regression.variance import WeightedVariance

LAMBDA = 0.05


def slow_trace(x, weight, held):
    """Σ_c tr(A_c M_c), with the rows `held` labelled."""
    total = 0.0
    for w in weight.T:
        parts = [w[i] * np.outer(row, row) for i, row in enumerate(x)]
        precision = LAMBDA * np.eye(x.shape[1]) + sum(parts[i] for i in held)
        total += np.trace(np.linalg.inv(precision) @ sum(parts))
    return total


def slow_select(x, weight, labelled, budget):
    """Twice as many forward, then backward, each trace from scratch."""
    held = list(labelled)
    for _ in range(min(2 * budget, len(x) - len(labelled))):
        free = [i for i in range(len(x)) if i not in held]
        held.append(min(free, key=lambda i: (round(slow_trace(x, weight, [*held, i]), 9), i)))
    while len(held) > len(labelled) + budget:
        places = range(len(labelled), len(held))
        without = {k: slow_trace(x, weight, held[:k] + held[k + 1 :]) for k in places}
        del held[min(places, key=lambda k: (round(without[k], 9), -k))]
    return held[len(labelled) :]


def problem(kind, n=30, d=7):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d))
    if kind == "duplicates":
        x = x[rng.integers(n // 4, size=n)]
    if kind == "flat":  # all rows in a plane
        x = x[:, :2] @ rng.normal(size=(2, d))
    weight = rng.random((n, 3 if kind == "classes" else 1)) / 4
    weight[:3] = 0
    return x, weight * (kind != "sure")


KINDS = pytest.mark.parametrize("kind", ["random", "classes", "duplicates", "flat", "sure"])


def started(x, weight, labelled):
    scale = np.sqrt(weight)
    held = LAMBDA * np.eye(x.shape[1]) + information(x[labelled], scale[labelled])
    return FisherTrace(x, scale, held, information(x, scale))


@KINDS
@pytest.mark.parametrize("n_labelled", [0, 5])
def test_gains_and_losses_are_those_of_traces_from_scratch(kind, n_labelled):
    x, weight = problem(kind)
    held = list(range(10, 10 + n_labelled))
    trace = started(x, weight, held)
    before = slow_trace(x, weight, held)
    scale = before + 1
    for index in (20, 21, 1, 22, 23):
        expected = [before - slow_trace(x, weight, [*held, i]) for i in range(30)]
        np.testing.assert_allclose(trace.gains(), expected, rtol=0, atol=1e-10 * scale)
        trace.add(index)
        held.append(index)
        before = slow_trace(x, weight, held)
    for index in (22, 20, 1):
        for i in held[n_labelled:]:
            loss = slow_trace(x, weight, [j for j in held if j != i]) - before
            assert trace.losses()[i] == pytest.approx(loss, rel=0, abs=1e-10 * scale)
        trace.remove(index)
        held.remove(index)
        before = slow_trace(x, weight, held)


@KINDS
@pytest.mark.parametrize(("n_labelled", "budget"), [(0, 4), (6, 3), (20, 7), (29, 1)])
def test_choices_are_those_of_traces_from_scratch(kind, n_labelled, budget):
    x, weight = problem(kind)
    labelled = np.random.default_rng(1).permutation(30)[:n_labelled]
    found = select(x, weight, labelled, LAMBDA, budget)
    assert found.tolist() == slow_select(x, weight, labelled.tolist(), budget)


def test_it_is_the_weighted_variance_of_a_linear_kernel_with_noise_by_weight():
    x, weight = problem("random")
    x = x.astype(np.float32)
    weight += 0.01
    labelled = np.array([4, 9, 17])
    trace = started(x.astype(np.float64), weight, labelled)
    variance = WeightedVariance(x @ x.T, weight[:, 0], LAMBDA / weight[:, 0], labelled)
    for index in (0, 12, 25):
        scaled = LAMBDA * trace.gains()
        free = np.setdiff1d(np.arange(30), [4, 9, 17, 0, 12, 25])
        np.testing.assert_allclose(variance.gains()[free], scaled[free], atol=1e-4 * scaled.max())
        trace.add(index)
        variance.add(index)
