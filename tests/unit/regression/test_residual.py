"""The residual kernel against one formed from scratch."""

import numpy as np
import pytest

from ntkcpl.regression.kernel import infinite_ntk
from ntkcpl.regression.residual import condition


@pytest.mark.parametrize("n_labelled", [1, 7, 30])
def test_residual_and_predictions_are_those_from_scratch(n_labelled, monkeypatch):
    monkeypatch.setattr("ntkcpl.regression.residual.BLOCK", 11)
    rng = np.random.default_rng(n_labelled)
    kernel = infinite_ntk(rng.normal(size=(30, 5)).astype(np.float32))
    labelled, noise = rng.permutation(30)[:n_labelled], 0.1 + rng.random(n_labelled)
    targets = rng.normal(size=(n_labelled, 3))
    wide = kernel.astype(np.float64)
    gram = wide[np.ix_(labelled, labelled)] + np.diag(noise)
    predicted = condition(kernel, labelled, noise, targets)
    expected = wide - wide[:, labelled] @ np.linalg.solve(gram, wide[labelled])
    np.testing.assert_allclose(kernel, expected, atol=1e-6)
    np.testing.assert_array_equal(kernel, kernel.T)
    np.testing.assert_allclose(predicted, wide[:, labelled] @ np.linalg.solve(gram, targets))
