"""Kernel regression solved once, in float64: its outputs, and those without a label of their own.

It is the regression of `regression.incremental`, for those who look at what it predicts and not
ahead: one solve in place of a residual kernel of all pairs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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
    columns: NDArray[np.float32],
    lambda_: float,
    labelled: NDArray[np.int64],
    label: NDArray[np.int64],
    n_classes: int,
) -> Regression:
    """Return the kernel regression on one-hot labels Y.

    With A = (K_LL + λ)⁻¹ its outputs are K_·L A Y, and without a label of their own those of the
    labelled rows are Y - AY / diag(A), exactly (Allen 1974, "The relationship between variable
    selection and data augmentation and a method for prediction").

    Parameters
    ----------
    columns : float32 (N, L)
        K_·L, the columns of labelled rows of a kernel that is symmetric and positive semi-definite.
    lambda_
        λ, over zero.
    labelled, label : int64 (L,)
        Rows that are labelled, and their classes.
    n_classes
        Number of classes C.
    """
    columns = columns.astype(np.float64)
    inverse = np.linalg.inv(columns[labelled] + lambda_ * np.eye(len(labelled)))
    one_hot = np.eye(n_classes)[label]
    solved = inverse @ one_hot
    return Regression(columns @ solved, one_hot - solved / np.diagonal(inverse)[:, None])
