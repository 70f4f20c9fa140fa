"""Kernel regression solved once, in float64: its outputs, and those without a label of their own.

It is the regression of `regression.incremental`, for those who look at what it predicts and not
ahead: one solve in place of a residual kernel of all pairs.
"""

import numpy as np
from numpy.typing import NDArray

from ntkcpl.regression.kernel import absolute_ridge


def regress(
    kernel: NDArray[np.float32],
    labelled: NDArray[np.int64],
    label: NDArray[np.int64],
    n_classes: int,
    ridge: float,
) -> NDArray[np.float64]:
    """Return the kernel regression on one-hot labels, float64 (N, C).

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
    """
    columns = kernel[:, labelled].astype(np.float64)
    inner = columns[labelled] + absolute_ridge(np.diagonal(kernel), ridge) * np.eye(len(labelled))
    return columns @ np.linalg.solve(inner, np.eye(n_classes)[label])


def leave_one_out(
    kernel: NDArray[np.float32],
    labelled: NDArray[np.int64],
    label: NDArray[np.int64],
    n_classes: int,
    ridge: float,
) -> NDArray[np.float64]:
    """Return what `regress` says of each labelled row without its label, float64 (L, C).

    With A = (K_LL + λ)⁻¹ that is Y - AY / diag(A), exactly (Allen 1974, "The relationship between
    variable selection and data augmentation and a method for prediction"). Parameters are those of
    `regress`.
    """
    inner = kernel[np.ix_(labelled, labelled)].astype(np.float64)
    inverse = np.linalg.inv(inner + absolute_ridge(np.diagonal(kernel), ridge) * np.eye(len(labelled)))
    one_hot = np.eye(n_classes)[label]
    return one_hot - inverse @ one_hot / np.diagonal(inverse)[:, None]
