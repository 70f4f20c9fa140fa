"""What a label would tell about the labels of targets, step by step."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from ntkcpl.regression import loops
from ntkcpl.regression.greedy import add_greedily
from ntkcpl.regression.kernel import Block

BLOCK = 2048  # rows of the kernel that are made at once
SAME_INFORMATION = 1e-6  # relative to the largest; closer ones differ by float32's rounding only


class PredictiveInformation:
    """Gaussian-process regression on the labelled samples: what further labels say of targets.

    Let K be the kernel, λ the variance of the noise on a label, and R the posterior covariance
    given the labelled samples. The labels of sample i and of target t are jointly Gaussian with
    the squared correlation ρ² = R(i, t)² / ((R(i, i) + λ) (R(t, t) + λ)), so that their mutual
    information is -½ log(1 - ρ²). Its mean over the targets is the expected predictive information
    gain of sample i (EPIG; Bickford Smith et al. 2023, eq. 4),

        epig(i) = -½ mean_t log(1 - ρ²(i, t)).

    R knows no labels; so choosing one sample after the other, each given those before, needs none.
    Adding i takes v vᵀ from R, v = R(·, i) / √(R(i, i) + λ). Only the columns of the targets are
    kept; the column of i is made when it is needed, from the kernel and all that was taken from it.

    Parameters
    ----------
    kernel
        Gives any rows and columns of K (N, N), symmetric positive semi-definite.
    diagonal : float64 (N,)
        Of K.
    lambda_
        λ, positive.
    labelled : int64 (L,)
        Samples labelled at the start; may be empty.
    targets : int64 (T,)
        Samples whose labels are to be told.

    Notes
    -----
    Memory: (N, T) and (N, L + b) in float32, b the samples added, and blocks of the kernel.
    """

    def __init__(
        self,
        kernel: Block,
        diagonal: NDArray[np.float64],
        lambda_: float,
        labelled: NDArray[np.int64],
        targets: NDArray[np.int64],
    ) -> None:
        n = len(diagonal)
        self._kernel, self._lambda, self._targets = kernel, lambda_, targets
        self._taken = np.empty((len(labelled), n), dtype=np.float32)
        self._steps: list[NDArray[np.float32]] = []
        self._residual = np.empty((n, len(targets)), dtype=np.float32)
        inner = kernel(labelled, labelled).astype(np.float64)
        lower = cholesky(inner + lambda_ * np.eye(len(labelled)), lower=True)
        for low in range(0, n, BLOCK):
            rows = slice(low, low + BLOCK)
            columns = kernel(labelled, rows).astype(np.float64)
            self._taken[:, rows] = solve_triangular(lower, columns, lower=True)
        of_targets = self._taken[:, targets]
        for low in range(0, n, BLOCK):
            rows = slice(low, low + BLOCK)
            self._residual[rows] = kernel(rows, targets) - self._taken[:, rows].T @ of_targets
        self._diagonal = diagonal - np.einsum("ln,ln->n", self._taken, self._taken, dtype=float)
        self._direction = np.empty(0, dtype=np.float32)  # rank-one update still to be done
        self._free = np.ones(n, dtype=bool)
        self._free[labelled] = False

    def information(self) -> NDArray[np.float64]:
        """Return the mean information of each sample's label about the targets', (N,), in nats."""
        inverse = 1 / (np.maximum(self._diagonal, 0) + self._lambda)
        totals = loops.update_and_inform(
            self._residual, self._direction, self._targets, inverse, inverse[self._targets]
        )
        self._direction = np.empty(0, dtype=np.float32)
        means: NDArray[np.float64] = totals / (-2 * len(self._targets))
        return means

    def add(self, index: int) -> None:
        """Let sample `index` be labelled."""
        self._free[index] = False
        column = self._kernel(slice(None), np.array([index]))[:, 0].astype(np.float64)
        column -= self._taken[:, index] @ self._taken
        for step in self._steps:
            column -= step[index] * step
        if len(self._direction):
            self.information()  # brings the residual up to date
        v = column / np.sqrt(max(self._diagonal[index], 0) + self._lambda)
        self._diagonal -= v * v
        self._direction = v.astype(np.float32)
        self._steps.append(self._direction)

    def select(self, budget: int) -> NDArray[np.int64]:
        """Choose and add `budget` samples one by one, each of most information, int64 (budget,).

        Ties go to the lower index.

        Raises
        ------
        ValueError
            If fewer than `budget` samples are unlabelled.
        """
        return add_greedily(budget, self._free, self.information, self.add, SAME_INFORMATION)
