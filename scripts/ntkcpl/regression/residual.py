"""The kernel that is left once some samples are labelled."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.blas import ssymv
from threadpoolctl import ThreadpoolController

BLOCK = 2048  # rows that are held in float64, or of a product


@cache
def blas() -> ThreadpoolController:
    """Return what limits the threads of the BLAS libraries; to find them takes milliseconds."""
    return ThreadpoolController().select(user_api="blas")


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


class CpuResidual:
    """R in NumPy's memory; see `variance.Residual`.

    Parameters
    ----------
    kernel : float32 (N, N)
        K; becomes R in place.
    labelled, noise
        See `condition`; may be empty.
    """

    def __init__(
        self,
        kernel: NDArray[np.float32],
        labelled: NDArray[np.int64],
        noise: NDArray[np.float64],
    ) -> None:
        self._matrix = np.ascontiguousarray(kernel, dtype=np.float32)
        if len(labelled):
            condition(self._matrix, labelled, noise, np.empty((len(labelled), 0)))

    def array(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a copy."""
        return values.copy()

    def numpy(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the array itself."""
        return values

    def diagonal(self) -> NDArray[np.float64]:
        """Return R(i, i), (N,)."""
        return np.diagonal(self._matrix).astype(np.float64)

    def row(self, index: int) -> NDArray[np.float64]:
        """Return R(i, ·), (N,)."""
        return self._matrix[index].astype(np.float64)

    def norms(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Σ_j w(j) R(i, j)² for each i, (N,)."""
        norms = np.empty(len(weight))
        for low in range(0, len(weight), BLOCK):
            rows = self._matrix[low : low + BLOCK].astype(np.float64)
            norms[low : low + BLOCK] = np.square(rows, out=rows) @ weight
        return norms

    def multiply(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the product with a vector (N,), in float32."""
        # Of a symmetric matrix BLAS reads one half. One thread is bound by the memory as two are,
        # and how several share the sums would decide how they round.
        with blas().limit(limits=1):
            product = ssymv(1, self._matrix.T, vector.astype(np.float32), lower=1)
        return product.astype(np.float64)

    def take(self, steps: NDArray[np.float64]) -> None:
        """Take stepsᵀ steps (S, N) from R."""
        taken = steps.astype(np.float32)
        for low in range(0, len(self._matrix), BLOCK):
            rows = slice(low, low + BLOCK)
            self._matrix[rows] -= taken[:, rows].T @ taken
