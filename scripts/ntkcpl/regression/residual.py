"""The kernel that is left once some samples are labelled."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

BLOCK = 2048  # rows that are held in float64


def condition(
    kernel: NDArray[np.float32],
    labelled: NDArray[np.int64],
    noise: NDArray[np.float64],
    targets: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Make of a kernel the residual kernel in place, and return what the labels predict.

    With A = (K_LL + Λ)⁻¹ these are R = K - K_·L A K_L· and F = K_·L A Y, in float64 but for R.

    Parameters
    ----------
    kernel : float32 (N, N)
        K, symmetric positive semi-definite; becomes R, symmetric to the bit.
    labelled : int64 (L,)
        Rows that are labelled, at least one.
    noise : float64 (L,)
        The diagonal of Λ, positive.
    targets : float64 (L, C)
        Y.

    Returns
    -------
    float64 (N, C)
        F.

    Notes
    -----
    Memory: twice (N, L) and `BLOCK` rows of N in float64.
    """
    columns = kernel[:, labelled].astype(np.float64)
    factor = cho_factor(columns[labelled] + np.diag(noise), lower=True)
    predicted: NDArray[np.float64] = columns @ cho_solve(factor, targets)
    solved = cho_solve(factor, columns.T)
    for low in range(0, len(columns), BLOCK):
        rows, rest = slice(low, low + BLOCK), slice(low, None)
        part = kernel[rows, rest] - columns[rows] @ solved[:, rest]
        kernel[rows, rest] = part
        kernel[rest, rows] = part.T
        corner = kernel[rows, rows]
        kernel[rows, rows] = (corner + corner.T) / 2
    return predicted
