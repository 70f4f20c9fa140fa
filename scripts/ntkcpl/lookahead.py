"""Exact rank-one look-ahead: how many of the pool would be right if one more label were bought."""

import logging
import time
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """One step of `LookAhead.select`.

    Attributes
    ----------
    index
        The sample chosen.
    risk
        Samples whose prediction differs from their pseudo-label once it is added.
    ties
        Candidates that had this risk, the chosen one included.
    seconds
        Time from the start of the selection to this choice.
    """

    index: int
    risk: int
    ties: int
    seconds: float


class LookAhead:
    """Kernel regression on the labelled samples, and on each of them plus one candidate.

    With residual kernel R = K - K_·L (K_LL + λ)⁻¹ K_L· and predictions F = K_·L (K_LL + λ)⁻¹ Y_L
    (the paper's eq. 3 at infinite time from zero outputs), adding candidate i with label y gives

        F⁺(x) = F(x) + R(x, i) / (R(i, i) + λ) · (e_y - F(i)).

    A prediction is right where the output of the pseudo-label is strictly the largest: a tie is
    wrong, else the all-zero outputs at the start would count as class 0.

    Parameters
    ----------
    kernel : float32 (N, N)
        Symmetric positive semi-definite. It is taken over as work space and overwritten.
    pseudo_labels : int (N,)
        In [0, n_classes). Labelled samples and candidates carry their pseudo-label (Alg. 1).
    n_classes
        Number of pseudo-classes C.
    labelled : int (L,)
        Samples labelled at the start; may be empty.
    jitter
        λ as a share of the mean of the kernel's diagonal.

    Attributes
    ----------
    predictions : float64 (N, C)
        F for the samples labelled so far.
    labelled : list of int
        Samples labelled so far.

    Raises
    ------
    ValueError
        If shapes, labels or indices do not fit together, or the kernel is not finite.

    Notes
    -----
    Memory: the kernel, plus (N, C) float64 a few times. A step costs O(N) for each candidate and
    O(NC) only for the pairs that two tests of O(1) leave undecided. The residual kernel is
    float32, so a pair whose two largest outputs agree to some 1e-6 may be decided by rounding.
    """

    def __init__(
        self,
        kernel: NDArray[np.float32],
        pseudo_labels: ArrayLike,
        n_classes: int,
        labelled: ArrayLike = (),
        jitter: float = 1e-3,
    ) -> None:
        labels = np.asarray(pseudo_labels, dtype=np.int64)
        start = np.asarray(labelled, dtype=np.int64)
        n = len(labels)
        if kernel.shape != (n, n):
            raise ValueError(f"kernel has shape {kernel.shape}, pseudo_labels {labels.shape}")
        if n == 0 or labels.min() < 0 or labels.max() >= n_classes:
            raise ValueError(f"pseudo_labels must lie in [0, {n_classes})")
        if len(np.unique(start)) < len(start) or ((start < 0) | (start >= n)).any():
            raise ValueError(f"labelled must be distinct indices in [0, {n})")
        if not np.isfinite(kernel).all():
            raise ValueError("kernel has entries that are not finite")
        self._residual = np.ascontiguousarray(kernel, dtype=np.float32)
        self._labels = labels
        self._ridge = jitter * float(np.diagonal(kernel).mean(dtype=np.float64))
        self._targets = np.zeros((n, n_classes))
        self._targets[np.arange(n), labels] = 1
        self.predictions = np.zeros((n, n_classes))
        self.labelled = start.tolist()
        if len(start):
            self._condition(start)

    def _condition(self, start: NDArray[np.int64], block: int = 2048) -> None:
        """Form R and F for the labelled samples at the start, in float64 but for R itself."""
        columns = self._residual[:, start].astype(np.float64)
        factor = cho_factor(columns[start] + self._ridge * np.eye(len(start)), lower=True)
        self.predictions = columns @ cho_solve(factor, self._targets[start])
        solved = cho_solve(factor, columns.T)
        for low in range(0, len(columns), block):
            rows, rest = slice(low, low + block), slice(low, None)
            part = self._residual[rows, rest] - columns[rows] @ solved[:, rest]
            self._residual[rows, rest] = part
            self._residual[rest, rows] = part.T
            corner = self._residual[rows, rows]
            self._residual[rows, rows] = (corner + corner.T) / 2

    def risk(self, candidates: ArrayLike) -> NDArray[np.int64]:
        """Count the wrong predictions after adding each candidate with its pseudo-label.

        Parameters
        ----------
        candidates : int (M,)
            Samples; those labelled already are allowed.

        Returns
        -------
        int64 (M,)
            Number of the N samples whose prediction would differ from their pseudo-label.
        """
        chosen = np.asarray(candidates, dtype=np.int64)
        if self.predictions.shape[1] == 1:  # no other class to lose to
            return np.zeros(len(chosen), dtype=np.int64)
        n = np.arange(len(self._labels))
        others = self.predictions.copy()
        others[n, self._labels] = -np.inf
        rival = others.argmax(axis=1)
        margin = self.predictions[n, self._labels] - others[n, rival]
        counts = np.empty(len(chosen), dtype=np.int64)
        _count_wrong(
            self._residual,
            self._ridge,
            self.predictions,
            self._labels,
            rival,
            margin,
            chosen,
            counts,
        )
        return counts

    def squared_error(self, candidates: ArrayLike, block: int = 1024) -> NDArray[np.float64]:
        """Return Σ‖F⁺(x) - e_y(x)‖² over the N samples after adding each candidate, (M,)."""
        chosen = np.asarray(candidates, dtype=np.int64)
        error = self.predictions - self._targets
        total = np.empty(len(chosen))
        for low in range(0, len(chosen), block):
            rows = chosen[low : low + block]
            step = self._step(rows)
            change = self._targets[rows] - self.predictions[rows]
            total[low : low + block] = 2 * ((step @ error) * change).sum(axis=1) + (change**2).sum(
                axis=1
            ) * (step**2).sum(axis=1)
        return total + (error**2).sum()

    def add(self, index: int) -> None:
        """Label sample `index` with its pseudo-label: a rank-one update of R and F."""
        change = self._targets[index] - self.predictions[index]
        self.predictions += np.outer(self._step(np.array([index]))[0], change)
        pivot = np.sqrt(self._residual[index, index] + self._ridge)
        _downdate(self._residual, (self._residual[index] / pivot).astype(np.float32))
        self.labelled.append(int(index))

    def select(self, budget: int) -> list[Choice]:
        """Choose and add `budget` samples one by one, each with the lowest risk (Alg. 1).

        A tie goes to the smaller squared error over the pool, then to the lower index.

        Raises
        ------
        ValueError
            If fewer than `budget` samples are unlabelled.
        """
        free = np.setdiff1d(np.arange(len(self._labels)), self.labelled)
        if budget > len(free):
            raise ValueError(f"cannot choose {budget} of {len(free)} unlabelled samples")
        started = time.perf_counter()
        choices: list[Choice] = []
        for _ in range(budget):
            risk = self.risk(free)
            tied = np.flatnonzero(risk == risk.min())
            best = tied[0] if len(tied) == 1 else tied[self.squared_error(free[tied]).argmin()]
            index = int(free[best])
            self.add(index)
            free = np.delete(free, best)
            seconds = time.perf_counter() - started
            choices.append(Choice(index, int(risk[best]), len(tied), seconds))
        shared = sum(choice.ties > 1 for choice in choices)
        log.info("%d of %d choices were ties, decided by squared error", shared, budget)
        return choices

    def _step(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return R(i, ·) / (R(i, i) + λ) for each i of `rows`."""
        residual = self._residual[rows].astype(np.float64)
        return residual / (self._residual[rows, rows].astype(np.float64) + self._ridge)[:, None]


# Room for rounding in the bound below: pairs this close go to the full test.
SLACK = 1e-12


@njit(parallel=True, cache=True)
def _count_wrong(residual, ridge, predictions, labels, rival, margin, candidates, counts):  # type: ignore[no-untyped-def]
    for k in prange(len(candidates)):
        i = candidates[k]
        change = -predictions[i]
        change[labels[i]] += 1.0
        spread = change.max() - change.min()
        pivot = np.float64(residual[i, i]) + ridge
        wrong = 0
        for x in range(len(labels)):
            step = np.float64(residual[i, x]) / pivot
            own = predictions[x, labels[x]] + step * change[labels[x]]
            if own <= predictions[x, rival[x]] + step * change[rival[x]]:
                wrong += 1  # its rival so far stays ahead, whatever the others do
            elif abs(step) * spread + SLACK >= margin[x]:  # else no class can overtake
                for c in range(predictions.shape[1]):
                    if c != labels[x] and own <= predictions[x, c] + step * change[c]:
                        wrong += 1
                        break
        counts[k] = wrong


@njit(parallel=True, cache=True)
def _downdate(residual, direction):  # type: ignore[no-untyped-def]
    for i in prange(len(direction)):
        for j in range(len(direction)):
            residual[i, j] -= direction[i] * direction[j]
