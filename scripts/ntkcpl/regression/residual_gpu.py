"""The residual kernel on a GPU, by torch; any of torch's devices with float64 will do."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK_ELEMENTS = 2**26  # of rows of R that are held in float64, or of a product


class GpuResidual:
    """R as a tensor on a device; see `variance.Residual`.

    Parameters
    ----------
    kernel : float32 (N, N)
        K, copied to the device; becomes R in place where the device is the CPU.
    labelled, noise
        See `residual.condition`; may be empty.
    device
        A torch device, such as "cuda" or "cuda:1".

    Notes
    -----
    Memory on the device: R, and at the start twice (N, L) and a block in float64.
    """

    def __init__(
        self,
        kernel: NDArray[np.float32],
        labelled: NDArray[np.int64],
        noise: NDArray[np.float64],
        device: str,
    ) -> None:
        self._matrix = torch.from_numpy(np.ascontiguousarray(kernel, np.float32)).to(device)
        self._block = max(1, BLOCK_ELEMENTS // len(kernel))
        if len(labelled):
            start = torch.from_numpy(labelled).to(device)
            columns = self._matrix[:, start].double()
            gram = columns[start]
            gram.diagonal().add_(self.array(noise))
            lower = torch.linalg.cholesky(gram)
            self.take(torch.linalg.solve_triangular(lower, columns.T, upper=False))

    def array(self, values: NDArray[np.float64]) -> Tensor:
        """Return a copy on the device."""
        return torch.tensor(values, device=self._matrix.device)

    def numpy(self, values: Tensor) -> NDArray[np.float64]:
        """Return a tensor as an array of NumPy."""
        array: NDArray[np.float64] = values.cpu().numpy()
        return array

    def diagonal(self) -> Tensor:
        """Return R(i, i), (N,)."""
        return self._matrix.diagonal().double()

    def row(self, index: int) -> Tensor:
        """Return R(i, ·), (N,)."""
        return self._matrix[index].double()

    def norms(self, weight: Tensor) -> Tensor:
        """Return Σ_j w(j) R(i, j)² for each i, (N,)."""
        blocks = self._matrix.split(self._block)
        return torch.cat([rows.double().square() @ weight for rows in blocks])

    def multiply(self, vector: Tensor) -> Tensor:
        """Return the product with a vector (N,), in float32."""
        return (self._matrix @ vector.float()).double()

    def take(self, steps: Tensor) -> None:
        """Take stepsᵀ steps (S, N) from R."""
        for rows, some in zip(
            self._matrix.split(self._block), steps.split(self._block, dim=1), strict=True
        ):
            rows -= some.T @ steps
