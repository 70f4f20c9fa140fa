"""Parts of the kernel against the whole."""

import numpy as np
import pytest

from ntkcpl.regression import settings
from ntkcpl.regression.settings import KernelRegression


@pytest.mark.parametrize("width", [16, "infinite"])
@pytest.mark.parametrize("asked", [[], [7], [30, 2, 2]])
def test_columns_are_those_of_the_kernel(width, asked, monkeypatch):
    monkeypatch.setattr(settings, "BLOCK", 16)  # rows, so that there are several blocks
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(40, 5)).astype(np.float32), rng.integers(1, 9, size=40)
    regression = KernelRegression(width=width, ridge=0.2)
    kernel = regression.kernel(x, np.random.default_rng(1), weight)
    asked = np.array(asked, dtype=np.int64)
    columns, lambda_ = regression.columns(x, asked, np.random.default_rng(1), weight)
    np.testing.assert_allclose(columns, kernel[:, asked], rtol=1e-5, atol=1e-5)
    assert lambda_ == pytest.approx(0.2 * np.average(np.diagonal(kernel), weights=weight))
