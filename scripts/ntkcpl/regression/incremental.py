"""Exact rank-one look-ahead: how many of the pool would be right if one more label were bought."""

import logging
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ntkcpl.regression.engine import Engine
from ntkcpl.regression.kernel import absolute_ridge

log = logging.getLogger(__name__)

Criterion = Literal["risk", "risk_only", "squared_error"]


@dataclass(frozen=True)
class Choice:
    """One step of `IncrementalRegression.select`.

    Attributes
    ----------
    index
        The sample chosen.
    risk
        Samples, by their weights, whose prediction differs from their pseudo-label once it is
        added.
    ties
        Candidates that were as good by the main criterion, the chosen one included.
    seconds
        Time from the start of the selection to this choice.
    """

    index: int
    risk: int
    ties: int
    seconds: float


def covered(outputs: NDArray[np.float64], label: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for which rows (N,) the output of `label` is strictly the largest: ties are wrong."""
    own = outputs[np.arange(len(label)), label]
    right: NDArray[np.bool_] = (outputs >= own[:, None]).sum(axis=1) == 1
    return right


class IncrementalRegression:
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
    ridge
        λ as a share of the mean of the kernel's diagonal.
    weight : int (N,), optional
        How many samples each stands for in all that is summed over the samples; one without.
    device
        "cpu" for the engine by numba; any other is a torch device for the engine by torch, such as
        "cuda", or "cpu:0" to run that engine where there is no GPU.

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
    Memory: the kernel and what its engine needs beside it; see there. A step passes once over all
    pairs: it decides most by two bounds in float32, and the rest in float64. The residual kernel
    is float32, so a pair whose two largest outputs agree to some 1e-6 may be decided by how it was
    rounded.
    """

    def __init__(
        self,
        kernel: NDArray[np.float32],
        pseudo_labels: ArrayLike,
        n_classes: int,
        labelled: ArrayLike,
        ridge: float,
        device: str = "cpu",
        weight: ArrayLike | None = None,
    ) -> None:
        labels = np.asarray(pseudo_labels, dtype=np.int64)
        start = np.asarray(labelled, dtype=np.int64)
        n = len(labels)
        weights = np.ones(n, np.int64) if weight is None else np.asarray(weight, np.int64)
        if kernel.shape != (n, n):
            raise ValueError(f"kernel has shape {kernel.shape}, pseudo_labels {labels.shape}")
        if weights.shape != (n,) or weights.min(initial=1) < 1:
            raise ValueError(f"weight must hold {n} numbers of at least 1")
        if n == 0 or labels.min() < 0 or labels.max() >= n_classes:
            raise ValueError(f"pseudo_labels must lie in [0, {n_classes})")
        if len(np.unique(start)) < len(start) or ((start < 0) | (start >= n)).any():
            raise ValueError(f"labelled must be distinct indices in [0, {n})")
        if not np.isfinite(np.sum(kernel, dtype=np.float64)):
            raise ValueError("kernel has entries that are not finite")
        self._labels = labels
        self.labelled = start.tolist()
        lambda_ = absolute_ridge(np.diagonal(kernel), ridge, weights)
        self._engine = _start_engine(kernel, labels, n_classes, start, lambda_, weights, device)

    @property
    def predictions(self) -> NDArray[np.float64]:
        """F for the samples labelled so far, (N, C)."""
        return self._engine.predictions

    def risk(self, candidates: ArrayLike) -> NDArray[np.int64]:
        """Count the wrong predictions after adding each candidate with its pseudo-label.

        Parameters
        ----------
        candidates : int (M,)
            Samples; those labelled already are allowed.

        Returns
        -------
        int64 (M,)
            Samples, by their weights, whose prediction would differ from their pseudo-label.
        """
        return self._engine.count_wrong(np.asarray(candidates, dtype=np.int64))

    def squared_error(self, candidates: ArrayLike) -> NDArray[np.float64]:
        """Return Σ w(x) ‖F⁺(x) - e_y(x)‖² over the N samples for each candidate, (M,)."""
        return self._engine.squared_error(np.asarray(candidates, dtype=np.int64))

    def output_change(self, candidates: ArrayLike) -> NDArray[np.float64]:
        """Return the mean of ‖F⁺(x) - F(x)‖ over the N samples after adding each candidate, (M,).

        F⁺(x) - F(x) is a multiple of e_y - F(i), so this is Σ w(x) |R(x, i)| / (R(i, i) + λ) / Σ w
        times the length of that, for O(N) a candidate whatever the number of classes.
        """
        return self._engine.output_change(np.asarray(candidates, dtype=np.int64))

    def argmax_change(self, candidates: ArrayLike) -> NDArray[np.int64]:
        """Count, by weights, the samples whose predicted class each candidate would change, (M,).

        The class predicted is that of the largest output, of equal ones the first. It changes if
        another class's output becomes larger; one that only becomes equal changes nothing.
        """
        return self._engine.count_changed(np.asarray(candidates, dtype=np.int64))

    def add(self, index: int) -> None:
        """Label sample `index` with its pseudo-label: a rank-one update of R and F."""
        self._engine.add(index)
        self.labelled.append(int(index))

    def select(self, budget: int, criterion: Criterion) -> list[Choice]:
        """Choose and add `budget` samples one by one, each the best by `criterion` (Alg. 1).

        Parameters
        ----------
        budget
            Number of samples.
        criterion
            "risk" takes the lowest risk, and of ties the smallest squared error; "risk_only" takes
            the lowest risk, "squared_error" the smallest squared error. What is then still tied
            goes to the lowest index.

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
            if criterion == "squared_error":
                index, ties = self._smallest_error(free)
                self.add(index)
                risk = self._engine.wrong()
            else:
                index, ties, risk = self._lowest_risk(free, by_error=criterion == "risk")
                self.add(index)
            free = free[free != index]
            choices.append(Choice(index, risk, ties, time.perf_counter() - started))
        log.info("%d of %d choices were ties", sum(c.ties > 1 for c in choices), budget)
        return choices

    def _smallest_error(self, free: NDArray[np.int64]) -> tuple[int, int]:
        """Return the sample of `free` with the smallest squared error, and how many have it."""
        error = self._engine.squared_errors()[free]
        return int(free[error.argmin()]), int((error == error.min()).sum())

    def _lowest_risk(self, free: NDArray[np.int64], by_error: bool) -> tuple[int, int, int]:
        """Return the sample of `free` with the lowest risk, how many have it, and the risk."""
        risk = self.risk(free)
        tied = free[risk == risk.min()]
        best = tied[0]
        if by_error and len(tied) > 1:
            best = tied[self.squared_error(tied).argmin()]
        return int(best), len(tied), int(risk.min())


def _start_engine(
    kernel: NDArray[np.float32],
    labels: NDArray[np.int64],
    n_classes: int,
    labelled: NDArray[np.int64],
    lambda_: float,
    weight: NDArray[np.int64],
    device: str,
) -> Engine:
    """Return the engine for a device. Only torch's imports torch, which takes seconds."""
    if device == "cpu":
        from ntkcpl.regression.cpu import CpuEngine

        return CpuEngine(kernel, labels, n_classes, labelled, lambda_, weight)
    from ntkcpl.regression.gpu import GpuEngine

    return GpuEngine(kernel, labels, n_classes, labelled, lambda_, weight, device)
