"""Kernel regression solved once, in float64: its outputs, and those without a label of their own.

It is the regression of `regression.incremental`, for those who look at what it predicts and not
ahead: one solve in place of a residual kernel of all pairs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntkcpl.regression.kernel import absolute_ridge


class Regression(NamedTuple):
    """What `regress` finds.

    Attributes
    ----------
    outputs : float64 (N, C)
        Of all rows.
    left_out : float64 (L, C)
        Of each labelled row, by the regression on the others.
    """

    outputs: NDArray[np.float64]
    left_out: NDArray[np.float64]


def regress(
    kernel: NDArray[np.float32],
    labelled: NDArray[np.int64],
    label: NDArray[np.int64],
    n_classes: int,
    ridge: float,
    weight: NDArray[np.int64] | None = None,
) -> Regression:
    """Return the kernel regression on one-hot labels Y.

    With A = (K_LL + λ)⁻¹ its outputs are K_·L A Y, and without a label of their own those of the
    labelled rows are Y - AY / diag(A), exactly (Allen 1974, "The relationship between variable
    selection and data augmentation and a method for prediction").

    Parameters
    ----------
    kernel : float32 (N, N)
        Symmetric positive semi-definite; not changed.
    labelled, label : int64 (L,)
        Rows that are labelled, and their classes.
    n_classes
        Number of classes C.
    ridge
        λ as a share of the mean of the kernel's diagonal.
    weight : int64 (N,), optional
        How many samples each row stands for in that mean; one without.
    """
    columns = kernel[:, labelled].astype(np.float64)
    lambda_ = absolute_ridge(np.diagonal(kernel), ridge, weight)
    inverse = np.linalg.inv(columns[labelled] + lambda_ * np.eye(len(labelled)))
    one_hot = np.eye(n_classes)[label]
    solved = inverse @ one_hot
    return Regression(columns @ solved, one_hot - solved / np.diagonal(inverse)[:, None])
