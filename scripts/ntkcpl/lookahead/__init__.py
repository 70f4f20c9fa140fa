"""Exact rank-one look-ahead: how many of the pool would be right if one more label were bought."""

import logging
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve

from ntkcpl.lookahead import cpu

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
    labelled : list of int
        Samples labelled so far.

    Raises
    ------
    ValueError
        If shapes, labels or indices do not fit together, or the kernel is not finite.

    Notes
    -----
    Memory: the kernel (N, N) float32, twice (N, C) float64, and O(N) a thread. A step passes once
    over all pairs: it updates the residual kernel, decides most pairs by two bounds in float32,
    and the rest in float64. The residual kernel is float32, so a pair whose two largest outputs
    agree to some 1e-6 may be decided by how it was rounded.
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
        if not np.isfinite(np.sum(kernel, dtype=np.float64)):
            raise ValueError("kernel has entries that are not finite")
        self.labelled = start.tolist()
        self._ridge = jitter * float(np.diagonal(kernel).mean(dtype=np.float64))
        # Within, samples are in the order of their labels; `_place` gives a sample's row.
        order = np.argsort(labels, kind="stable")
        self._place = np.argsort(order)
        self._labels = labels[order]
        self._starts = np.searchsorted(self._labels, np.arange(n_classes + 1)).astype(np.uint64)
        self._tiles = cpu.tiles(self._labels)
        self._residual = np.ascontiguousarray(kernel, dtype=np.float32)
        cpu.permute(self._residual, order)
        self._direction = np.empty(0, dtype=np.float32)  # rank-one update still to be done
        self._outputs = np.zeros((n, n_classes))
        if len(start):
            self._condition(self._place[start])
        self._transposed = self._outputs.T.copy()

    @property
    def predictions(self) -> NDArray[np.float64]:
        """F for the samples labelled so far, (N, C)."""
        return self._outputs[self._place]

    def _condition(self, start: NDArray[np.int64], block: int = 2048) -> None:
        """Form R and F for the rows labelled at the start, in float64 but for R itself."""
        columns = self._residual[:, start].astype(np.float64)
        factor = cho_factor(columns[start] + self._ridge * np.eye(len(start)), lower=True)
        targets = np.eye(self._outputs.shape[1])[self._labels[start]]
        self._outputs = columns @ cho_solve(factor, targets)
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
        places = self._place[np.asarray(candidates, dtype=np.int64)]
        return self._pass(places)[places]

    def _pass(self, asked: NDArray[np.int64]) -> NDArray[np.int64]:
        """Bring R up to date and return the risk (N,) of the rows asked, in the order of rows."""
        mask = np.zeros(len(self._labels), dtype=np.bool_)
        mask[asked] = True
        counts: NDArray[np.int64] = cpu.count_wrong(
            self._residual,
            self._direction,
            self._ridge,
            mask,
            self._outputs,
            self._transposed,
            self._labels,
            self._starts,
            self._tiles,
            cpu.find_rivals(self._outputs, self._labels),
        )
        self._direction = np.empty(0, dtype=np.float32)
        return counts

    def squared_error(self, candidates: ArrayLike, block: int = 1024) -> NDArray[np.float64]:
        """Return Σ‖F⁺(x) - e_y(x)‖² over the N samples after adding each candidate, (M,)."""
        places = self._place[np.asarray(candidates, dtype=np.int64)]
        error = self._outputs.copy()
        error[np.arange(len(error)), self._labels] -= 1
        total = np.empty(len(places))
        for low in range(0, len(places), block):
            rows = places[low : low + block]
            step, change = self._step(rows), self._change(rows)
            total[low : low + block] = 2 * ((step @ error) * change).sum(axis=1)
            total[low : low + block] += (change**2).sum(axis=1) * (step**2).sum(axis=1)
        return total + (error**2).sum()

    def add(self, index: int) -> None:
        """Label sample `index` with its pseudo-label: a rank-one update of R and F."""
        place = self._place[[index]]
        step, change = self._step(place)[0], self._change(place)[0]
        cpu.add_outer(self._outputs, self._transposed, step, change)
        row = self._residual[place[0]]
        self._direction = row / np.float32(np.sqrt(row[place[0]] + self._ridge))
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
        """Return R(i, ·) / (R(i, i) + λ) for each row i of `rows`."""
        if len(self._direction):
            self._pass(np.empty(0, dtype=np.int64))
        residual = self._residual[rows].astype(np.float64)
        return residual / (self._residual[rows, rows].astype(np.float64) + self._ridge)[:, None]

    def _change(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return e_y - F(i) for each row i of `rows`."""
        change = -self._outputs[rows]
        change[np.arange(len(rows)), self._labels[rows]] += 1
        return change
