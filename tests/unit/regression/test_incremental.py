"""The fast look-ahead against slow, obvious references."""

import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import get_num_threads, set_num_threads
from numba.core.config import NUMBA_NUM_THREADS

from ntkcpl.regression import gpu
from ntkcpl.regression.incremental import IncrementalRegression

RIDGE = 1e-3
# The engine by numba; the one for GPUs, run by torch on the CPU; the same on a GPU if there is one.
TORCH = ["cpu:0", *["cuda"] * torch.cuda.is_available()]
every_device = pytest.mark.parametrize("device", ["cpu", *TORCH])
every_torch_device = pytest.mark.parametrize("device", TORCH)


def regression(kernel, labels, n_classes, labelled, lambda_):
    """Kernel regression solved from scratch in float64: predictions (N, C)."""
    if not len(labelled):
        return np.zeros((len(labels), n_classes))
    k = kernel.astype(np.float64)
    targets = np.eye(n_classes)[labels[labelled]]
    gram = k[np.ix_(labelled, labelled)] + lambda_ * np.eye(len(labelled))
    return k[:, labelled] @ np.linalg.solve(gram, targets)


def _residual(incremental):
    """The engine's R in the order of the samples, (N, N), brought up to date."""
    engine = incremental._engine
    if isinstance(engine, gpu.GpuEngine):
        return engine._residual.cpu().numpy().copy()
    engine._update()
    return engine._residual[np.ix_(engine._place, engine._place)]


def margins(predictions, labels):
    """Output of the own label minus the largest other, one row a sample."""
    rows = np.arange(len(labels))
    others = predictions.copy()
    others[rows, labels] = -np.inf
    return predictions[rows, labels] - others.max(axis=1)


@st.composite
def problems(draw):
    """Kernels of random, tied, duplicated and degenerate samples, with labels and a start."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 24))
    n_classes = draw(st.integers(1, 6))
    x = rng.normal(size=(n, draw(st.integers(1, 5))))
    kind = draw(st.sampled_from(["random", "duplicates", "grid", "constant"]))
    if kind == "duplicates":
        x = x[rng.integers(n, size=n)]
    elif kind == "grid":  # many exact ties
        x = np.round(x)
    elif kind == "constant":
        x[:] = 1
    kernel = (x @ x.T + 1).astype(np.float32)
    labels = rng.integers(n_classes, size=n)
    labelled = rng.permutation(n)[: draw(st.integers(0, n))]
    return kernel, labels, n_classes, labelled


@every_device
@settings(max_examples=1500, deadline=None)
@given(problem=problems())
def test_risk_equals_regression_from_scratch(device, problem):
    kernel, labels, n_classes, labelled = problem
    lambda_ = RIDGE * np.diagonal(kernel).mean(dtype=np.float64)
    incremental = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE, device)
    candidates = np.setdiff1d(np.arange(len(labels)), labelled)
    risk = incremental.risk(candidates)
    for candidate, found in zip(candidates, risk, strict=True):
        chosen = np.append(labelled, candidate)
        margin = margins(regression(kernel, labels, n_classes, chosen, lambda_), labels)
        # The residual kernel is float32 and may decide pairs this close either way.
        band = 2e-3
        assert (margin < -band).sum() <= found <= (margin < band).sum()


@every_device
@settings(max_examples=1500, deadline=None)
@given(problem=problems())
def test_risk_equals_the_naive_formation_of_all_outputs(device, problem):
    kernel, labels, n_classes, labelled = problem
    incremental = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE, device)
    everyone = np.arange(len(labels))
    rows, f, r = everyone, incremental.predictions, _residual(incremental).astype(np.float64)
    lambda_ = RIDGE * np.diagonal(kernel).mean(dtype=np.float64)
    for candidate, found in zip(everyone, incremental.risk(everyone), strict=True):
        step = r[candidate] / (r[candidate, candidate] + lambda_)
        change = np.eye(n_classes)[labels[candidate]] - f[candidate]
        after = f + step[:, None] * change
        others = after.copy()
        others[rows, labels] = -np.inf
        assert found == (after[rows, labels] <= others.max(axis=1)).sum()


@settings(max_examples=100, deadline=None)
@given(problem=problems())
def test_the_number_of_threads_decides_nothing(problem):
    kernel, labels, n_classes, labelled = problem
    everyone = np.arange(len(labels))
    found = []
    before = get_num_threads()
    for number in (1, NUMBA_NUM_THREADS):
        set_num_threads(number)
        incremental = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE)
        found.append([incremental.risk(everyone), incremental.squared_error(everyone)])
    set_num_threads(before)
    np.testing.assert_array_equal(*found)


@every_device
@settings(max_examples=100, deadline=None)
@given(problem=problems(), share=st.floats(0, 1))
def test_adding_one_by_one_equals_starting_with_all(device, problem, share):
    kernel, labels, n_classes, labelled = problem
    split = round(share * len(labelled))
    incremental = IncrementalRegression(
        kernel.copy(), labels, n_classes, labelled[:split], RIDGE, device
    )
    for index in labelled[split:]:
        incremental.add(index)
    at_once = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE, device)
    np.testing.assert_allclose(incremental.predictions, at_once.predictions, atol=5e-3)
    residual = _residual(incremental)
    # Torch may fuse a product and a sum for some elements only.
    np.testing.assert_allclose(residual, residual.T, rtol=0, atol=0 if device == "cpu" else 1e-5)


@every_device
@settings(max_examples=100, deadline=None)
@given(problem=problems())
def test_squared_error_equals_regression_from_scratch(device, problem):
    kernel, labels, n_classes, labelled = problem
    lambda_ = RIDGE * np.diagonal(kernel).mean(dtype=np.float64)
    candidates = np.setdiff1d(np.arange(len(labels)), labelled)
    incremental = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE, device)
    found = incremental.squared_error(candidates)
    for candidate, error in zip(candidates, found, strict=True):
        after = regression(kernel, labels, n_classes, np.append(labelled, candidate), lambda_)
        naive = ((after - np.eye(n_classes)[labels]) ** 2).sum()
        assert error == pytest.approx(naive, rel=1e-2, abs=1e-2)


@every_device
@settings(max_examples=100, deadline=None)
@given(problem=problems())
def test_squared_errors_that_are_kept_equal_those_asked_anew(device, problem):
    kernel, labels, n_classes, labelled = problem
    incremental = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, 0.1, device)
    everyone = np.arange(len(labels))
    incremental._engine.squared_errors()
    for sample in np.setdiff1d(everyone, labelled)[:5]:
        incremental.add(sample)
        kept, anew = incremental._engine.squared_errors(), incremental.squared_error(everyone)
        np.testing.assert_allclose(kept, anew, rtol=1e-4, atol=1e-4)


@every_device
@settings(max_examples=100, deadline=None)
@given(problem=problems())
def test_change_equals_the_naive_formation_of_all_outputs(device, problem):
    kernel, labels, n_classes, labelled = problem
    incremental = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE, device)
    everyone = np.arange(len(labels))
    f, r = incremental.predictions, _residual(incremental).astype(np.float64)
    lambda_ = RIDGE * np.diagonal(kernel).mean(dtype=np.float64)
    output, argmax = incremental.output_change(everyone), incremental.argmax_change(everyone)
    for i in everyone:
        inverse = 1 / (r[i, i] + lambda_)
        after = f + (r[i] * inverse)[:, None] * (np.eye(n_classes)[labels[i]] - f[i])
        now = after[everyone, f.argmax(axis=1)]
        assert argmax[i] == (after.max(axis=1) > now).sum()
        assert output[i] == pytest.approx(np.linalg.norm(after - f, axis=1).mean(), abs=1e-12)


@every_device
@settings(max_examples=100, deadline=None)
@given(problem=problems())
def test_output_change_equals_regression_from_scratch(device, problem):
    kernel, labels, n_classes, labelled = problem
    lambda_ = RIDGE * np.diagonal(kernel).mean(dtype=np.float64)
    candidates = np.setdiff1d(np.arange(len(labels)), labelled)
    found = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE, device)
    before = regression(kernel, labels, n_classes, labelled, lambda_)
    for candidate, change in zip(candidates, found.output_change(candidates), strict=True):
        after = regression(kernel, labels, n_classes, np.append(labelled, candidate), lambda_)
        naive = np.linalg.norm(after - before, axis=1).mean()
        assert change == pytest.approx(naive, rel=1e-2, abs=1e-2)


@every_device
def test_a_changed_argmax_is_counted_after_an_update_too(device):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4))
    kernel, labels = (x @ x.T + 1).astype(np.float32), rng.integers(5, size=60)
    incremental = IncrementalRegression(kernel.copy(), labels, 5, [3, 7], 0.1, device)
    incremental.add(11)
    candidates = np.setdiff1d(np.arange(60), [3, 7, 11])
    lambda_ = 0.1 * np.diagonal(kernel).mean(dtype=np.float64)
    before = regression(kernel, labels, 5, [3, 7, 11], lambda_).argmax(axis=1)
    for i, found in zip(candidates, incremental.argmax_change(candidates), strict=True):
        after = regression(kernel, labels, 5, [3, 7, 11, i], lambda_).argmax(axis=1)
        assert found == (after != before).sum()


@every_torch_device
@settings(max_examples=60, deadline=None)
@given(problem=problems(), block=st.sampled_from([1, 50, gpu.SCRATCH_ELEMENTS]))
def test_the_engines_agree_whatever_the_blocks(device, problem, block):
    kernel, labels, n_classes, labelled = problem
    everyone = np.arange(len(labels))
    with patch.object(gpu, "SCRATCH_ELEMENTS", block):
        ours = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE, device)
        risk, error = ours.risk(everyone), ours.squared_error(everyone)
        output, argmax = ours.output_change(everyone), ours.argmax_change(everyone)
    blocks = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE, device)
    np.testing.assert_allclose(output, blocks.output_change(everyone), rtol=1e-6)
    np.testing.assert_array_equal(argmax, blocks.argmax_change(everyone))
    numba = IncrementalRegression(kernel.copy(), labels, n_classes, labelled, RIDGE)
    r, f = _residual(numba), numba.predictions
    np.testing.assert_allclose(ours.predictions, f, atol=1e-5)
    np.testing.assert_allclose(_residual(ours), r, atol=1e-5)
    np.testing.assert_allclose(error, numba.squared_error(everyone), rtol=1e-3, atol=1e-3)
    lambda_ = RIDGE * np.diagonal(kernel).mean(dtype=np.float64)
    for i, difference in enumerate(risk - numba.risk(everyone)):
        change = np.eye(n_classes)[labels[i]] - f[i]
        margin = margins(f + r[:, [i]] / (r[i, i] + lambda_) * change, labels)
        # With nothing labelled, both start from the same numbers.
        close = (np.abs(margin) < 1e-4).sum() if len(labelled) else 0
        assert abs(difference) <= close


@every_torch_device
@pytest.mark.parametrize("labelled", [0, 15])
def test_the_engines_choose_alike(device, labelled):
    rng = np.random.default_rng(labelled)
    x = rng.normal(size=(300, 6)) + 3 * rng.normal(size=(20, 6))[np.arange(300) % 20]
    kernel = ((x @ x.T / 10 + 1) ** 2).astype(np.float32)
    arguments = np.arange(300) % 20, 20, np.arange(labelled), 1e-3
    numba = IncrementalRegression(kernel.copy(), *arguments).select(25, "risk")
    ours = IncrementalRegression(kernel.copy(), *arguments, device=device).select(25, "risk")
    for a, b in zip(ours, numba, strict=True):
        assert (a.index, a.risk, a.ties) == (b.index, b.risk, b.ties)


BEST = {
    "risk": lambda risk, error, index: (risk, error, index),
    "risk_only": lambda risk, error, index: (risk, index),
    "squared_error": lambda risk, error, index: (error, index),
}


@every_device
@pytest.mark.parametrize("criterion", BEST)
def test_select_takes_the_best_by_the_criterion_and_breaks_ties(device, criterion):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 60))  # no sample is a sum of others: errors differ
    kernel = (x @ x.T + 1).astype(np.float32)
    labels = rng.integers(3, size=40)
    incremental = IncrementalRegression(kernel.copy(), labels, 3, [], RIDGE, device)
    reference = IncrementalRegression(kernel.copy(), labels, 3, [], RIDGE, device)
    for choice in incremental.select(40, criterion):  # the whole pool
        free = np.setdiff1d(np.arange(40), reference.labelled)
        risk, error = reference.risk(free), reference.squared_error(free)
        best = min(range(len(free)), key=lambda k: BEST[criterion](risk[k], error[k], free[k]))
        assert choice.index == free[best]
        assert choice.risk == risk[best]
        compared = error if criterion == "squared_error" else risk
        assert choice.ties == (compared == compared.min()).sum()
        reference.add(choice.index)
    assert sorted(incremental.labelled) == list(range(40))


@every_device
def test_all_outputs_equal_count_as_wrong(device):
    kernel, labels = np.eye(5, dtype=np.float32), np.array([0, 0, 1, 1, 1])
    incremental = IncrementalRegression(kernel, labels, 2, [], RIDGE, device)
    # Each sample is alike to itself only: labelling one makes one right, whatever its class.
    np.testing.assert_array_equal(incremental.risk(np.arange(5)), [4, 4, 4, 4, 4])


@every_device
def test_a_zero_kernel_decides_nothing(device):
    incremental = IncrementalRegression(
        np.zeros((4, 4), np.float32), [0, 1, 0, 1], 2, [1], RIDGE, device
    )
    assert not incremental.predictions.any()
    assert [choice.index for choice in incremental.select(3, "risk")] == [0, 2, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": np.eye(3, dtype=np.float32)}, "shape"),
        ({"pseudo_labels": [0, 1, 2, 0]}, r"\[0, 2\)"),
        ({"labelled": [1, 1]}, "distinct"),
        ({"labelled": [4]}, "distinct"),
        ({"kernel": np.full((4, 4), np.nan, dtype=np.float32)}, "finite"),
    ],
)
def test_input_that_does_not_fit_is_refused(change, message):
    given = {"kernel": np.eye(4, dtype=np.float32), "pseudo_labels": [0, 1, 0, 1], "n_classes": 2}
    given |= {"labelled": [], "ridge": RIDGE}
    with pytest.raises(ValueError, match=message):
        IncrementalRegression(**given | change)


def test_more_choices_than_samples_are_refused():
    with pytest.raises(ValueError, match="cannot choose 3 of 2"):
        IncrementalRegression(np.eye(4, dtype=np.float32), [0, 1, 0, 1], 2, [0, 1], RIDGE).select(
            3, "risk"
        )


def test_the_engine_for_the_cpu_does_without_torch():
    code = (
        "import sys, numpy as np; from ntkcpl.regression.incremental import IncrementalRegression;"
        "kernel = np.eye(4, dtype=np.float32);"
        "IncrementalRegression(kernel, [0, 1, 0, 1], 2, [], 0.1).select(1, 'risk');"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": "scripts"}, check=True)
