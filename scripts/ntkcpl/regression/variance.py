"""What a label would take from the weighted variance of all predictions, step by step."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ntkcpl.regression import passes
from ntkcpl.regression.greedy import add_greedily
from ntkcpl.regression.residual import condition

BLOCK = 1024  # rows that are held in float64


class WeightedVariance:
    """Gaussian-process regression on the labelled samples, seen through its variance.

    Let K be the kernel, λ(i) the variance of the noise on the label of sample i, and R the
    posterior covariance given the labelled ones, R = K - K_·L (K_LL + Λ_L)⁻¹ K_L·. Whatever the
    label of sample i will be, it lowers the weighted sum of all variances, Σ_j w(j) R(j, j), by

        gain(i) = Σ_j w(j) R(i, j)² / (R(i, i) + λ(i)),

    the criterion of Cohn (1996, "Neural network exploration using optimal experiment design").
    Adding i takes v vᵀ from R, v = R(·, i) / √(R(i, i) + λ(i)), and with it from the sums,

        q'(j) = q(j) - 2 v(j) (R (w∘v))(j) + v(j)² Σ_k w(k) v(k)²,   q(j) = Σ_k w(k) R(j, k)²,

    so that a step is one product of R with a vector, made in the same pass as the update of R.

    Parameters
    ----------
    kernel : float32 (N, N)
        Symmetric positive semi-definite. It is taken over as work space and overwritten.
    weight : float64 (N,)
        w, not negative.
    noise : float64 (N,)
        λ, positive; infinite where a label would tell nothing.
    labelled : int (L,)
        Samples labelled at the start; may be empty.

    Raises
    ------
    ValueError
        If shapes, values or indices do not fit together.

    Notes
    -----
    Memory: the kernel, a few numbers a sample, and at the start what `residual.condition` takes.
    """

    def __init__(
        self,
        kernel: NDArray[np.float32],
        weight: NDArray[np.float64],
        noise: NDArray[np.float64],
        labelled: ArrayLike,
    ) -> None:
        start, n = np.asarray(labelled, dtype=np.int64), len(weight)
        if kernel.shape != (n, n) or noise.shape != (n,):
            raise ValueError(f"kernel {kernel.shape}, weight ({n},) and noise {noise.shape} differ")
        if not (np.isfinite(weight).all() and (weight >= 0).all() and (noise > 0).all()):
            raise ValueError("weights must not be negative, and noise must be positive")
        if len(np.unique(start)) < len(start) or ((start < 0) | (start >= n)).any():
            raise ValueError(f"labelled must be distinct indices in [0, {n})")
        self._weight, self._noise = weight, noise
        self._residual = np.ascontiguousarray(kernel, dtype=np.float32)
        self._direction = np.empty(0, dtype=np.float32)  # rank-one update still to be done
        told = start[np.isfinite(noise[start])]
        if len(told):
            condition(self._residual, told, noise[told], np.empty((len(told), 0)))
        self._diagonal = np.diagonal(self._residual).astype(np.float64)
        self._sums = np.empty(n)
        for low in range(0, n, BLOCK):
            rows = self._residual[low : low + BLOCK].astype(np.float64)
            self._sums[low : low + BLOCK] = np.einsum("nm,nm,m->n", rows, rows, weight)
        self._free = np.ones(n, dtype=bool)
        self._free[start] = False

    def gains(self) -> NDArray[np.float64]:
        """Return by how much the label of each sample would lower the weighted variance, (N,)."""
        return self._sums / (np.maximum(self._diagonal, 0) + self._noise)

    def add(self, index: int) -> None:
        """Let sample `index` be labelled."""
        self._free[index] = False
        row = self._residual[index].copy()
        if len(self._direction):
            row -= self._direction[index] * self._direction
        v = row.astype(np.float64) / np.sqrt(max(self._diagonal[index], 0) + self._noise[index])
        weighted = self._weight * v
        reached = passes.update_and_multiply(
            self._residual, self._direction, weighted.astype(np.float32)
        )
        self._sums += v * (v * (weighted * v).sum() - 2 * reached)
        np.maximum(self._sums, 0, out=self._sums)
        self._diagonal -= v * v
        self._direction = v.astype(np.float32)

    def select(self, budget: int) -> NDArray[np.int64]:
        """Choose and add `budget` samples one by one, each of the largest gain, int64 (budget,).

        Ties go to the lower index.

        Raises
        ------
        ValueError
            If fewer than `budget` samples are unlabelled.
        """
        return add_greedily(budget, self._free, self.gains, self.add)
