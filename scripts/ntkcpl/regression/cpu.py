"""The look-ahead's engine for the CPU, by numba."""

import numpy as np
from numpy.typing import NDArray

from ntkcpl.regression import loops, passes
from ntkcpl.regression.residual import blas, condition
from ntkcpl.regression.squared_error import SquaredErrors


class CpuEngine:
    """The look-ahead's R and F in the order of the samples' labels; see `engine.Engine`.

    Parameters
    ----------
    kernel : float32 (N, N)
        Becomes R in place.
    labels : int64 (N,)
        Pseudo-labels in [0, n_classes).
    n_classes
        Number of pseudo-classes C.
    labelled : int64 (L,)
        Samples labelled at the start.
    lambda_
        λ, the absolute ridge.
    weight : int64 (N,)
        w.

    Notes
    -----
    Memory: the kernel (N, N) float32, twice (N, C) float64, twice more once the squared errors of
    all are asked for, and O(N) a thread. Adding a sample leaves R as it is: the next pass over all
    pairs updates each row just before it reads it.
    """

    def __init__(
        self,
        kernel: NDArray[np.float32],
        labels: NDArray[np.int64],
        n_classes: int,
        labelled: NDArray[np.int64],
        lambda_: float,
        weight: NDArray[np.int64],
    ) -> None:
        self._lambda = lambda_
        # `_place` gives a sample's row in the order of labels.
        order = np.argsort(labels, kind="stable")
        self._place = np.argsort(order)
        self._labels, self._weight = labels[order], weight[order]
        self._counts = self._weight.astype(np.int32)  # as wide as the loops' other numbers
        self._offsets = np.searchsorted(self._labels, np.arange(n_classes + 1)).astype(np.uint64)
        self._stretches = passes.stretches(self._labels)
        self._residual = np.ascontiguousarray(kernel, dtype=np.float32)
        loops.permute(self._residual, order)
        self._direction = np.empty(0, dtype=np.float32)  # rank-one update still to be done
        self._errors: SquaredErrors | None = None  # kept only once they are asked for
        self._outputs = np.zeros((len(labels), n_classes))
        if len(labelled):
            start = self._place[labelled]
            self._outputs = condition(
                self._residual,
                start,
                np.full(len(start), lambda_),
                np.eye(n_classes)[self._labels[start]],
            )
        self._transposed = self._outputs.T.copy()
        self._rivals = passes.find_rivals(self._outputs, self._labels)

    @property
    def predictions(self) -> NDArray[np.float64]:
        """F, (N, C)."""
        return self._outputs[self._place]

    def wrong(self) -> int:
        """Return the number of wrong predictions."""
        return int(self._weight[self._rivals.own <= self._rivals.value[0]].sum())

    def count_wrong(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of wrong predictions after adding each of M candidates, (M,)."""
        places = self._place[candidates]
        return self._pass(places)[places]

    def _pass(self, asked: NDArray[np.int64]) -> NDArray[np.int64]:
        """Bring R up to date and count for the rows asked; returns (N,) in the order of rows."""
        mask = np.zeros(len(self._labels), dtype=np.bool_)
        mask[asked] = True
        counts: NDArray[np.int64] = passes.count_wrong(
            self._residual,
            self._direction,
            self._lambda,
            mask,
            passes.Samples(
                self._labels, self._offsets, self._outputs, self._transposed, self._counts
            ),
            self._rivals,
            self._stretches,
        )
        self._direction = np.empty(0, dtype=np.float32)
        return counts

    def _update(self) -> None:
        """Bring R up to date."""
        if len(self._direction):
            self._pass(np.empty(0, dtype=np.int64))

    def squared_error(
        self, candidates: NDArray[np.int64], block: int = 1024
    ) -> NDArray[np.float64]:
        """Return Σ w(x) ‖F⁺(x) - e_y(x)‖² over the N samples for each candidate, (M,)."""
        places = self._place[candidates]
        f, n_classes, weight = self._outputs, self._outputs.shape[1], self._weight
        total = np.empty(len(places))
        # One thread: after a product, those of BLAS keep waiting busily, in the way of numba's.
        with blas().limit(limits=1):
            for low in range(0, len(places), block):
                rows = places[low : low + block]
                step, change = self._step(rows), self._change(rows)
                gain = (step * weight) @ f
                for k, part in enumerate(step * weight):
                    gain[k] -= np.bincount(self._labels, part, n_classes)
                total[low : low + block] = 2 * (gain * change).sum(axis=1)
                lengths = (step**2 * weight).sum(axis=1)
                total[low : low + block] += (change**2).sum(axis=1) * lengths
        lengths = np.vecdot(f, f) * weight
        return total + lengths.sum() - 2 * (self._rivals.own * weight).sum() + weight.sum()

    def squared_errors(self, block: int = 1024) -> NDArray[np.float64]:
        """Return `squared_error` of all N samples, from the second call on at O(NC)."""
        if self._errors is None:
            self._update()
            error = -self._change(np.arange(len(self._labels)))
            product, norms = np.empty_like(error), np.empty(len(error))
            for low in range(0, len(error), block):
                rows = self._residual[low : low + block].astype(np.float64)
                weighted = rows * self._weight
                product[low : low + block] = weighted @ error
                norms[low : low + block] = np.einsum("nm,nm->n", rows, weighted)
            diagonal = np.diagonal(self._residual).astype(np.float64)
            self._errors = SquaredErrors(
                product,
                norms,
                diagonal,
                error,
                self._weight,
                self._lambda,
                add_outer=loops.add_outer,
                vecdot=np.vecdot,
            )
        errors: NDArray[np.float64] = self._errors.all()[self._place]
        return errors

    def _follow(self, place: int) -> None:
        """Bring R and the squared errors up to date for a sample that is about to be added."""
        assert self._errors is not None
        row = self._residual[place].copy()
        if len(self._direction):
            row -= self._direction[place] * self._direction
        weighted = row * self._weight.astype(np.float32)
        reached = passes.update_and_multiply(self._residual, self._direction, weighted)
        self._direction = np.empty(0, dtype=np.float32)
        self._errors.add(place, row.astype(np.float64), reached)

    def output_change(
        self, candidates: NDArray[np.int64], block: int = 1024
    ) -> NDArray[np.float64]:
        """Return the mean of ‖F⁺(x) - F(x)‖ over the N samples for each of M candidates, (M,)."""
        places = self._place[candidates]
        total = np.empty(len(places))
        for low in range(0, len(places), block):
            rows = places[low : low + block]
            reach = np.average(np.abs(self._step(rows)), axis=1, weights=self._weight)
            total[low : low + block] = reach * np.linalg.norm(self._change(rows), axis=1)
        return total

    def count_changed(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of samples that another class overtakes, for each candidate, (M,)."""
        self._update()
        changed: NDArray[np.int64] = loops.count_changed(
            self._residual,
            self._lambda,
            self._place[candidates],
            self._outputs,
            self._transposed,
            self._labels,
            self._weight,
        )
        return changed

    def add(self, index: int) -> None:
        """Label sample `index` with its pseudo-label: a rank-one update of R and F."""
        place = self._place[[index]]
        if self._errors is not None:
            self._follow(int(place[0]))
        step, change = self._step(place)[0], self._change(place)[0]
        loops.add_outer(self._outputs, step, change)
        loops.add_outer(self._transposed, change, step)
        self._rivals = passes.find_rivals(self._outputs, self._labels)
        row = self._residual[place[0]]
        self._direction = row / np.float32(np.sqrt(row[place[0]] + self._lambda))

    def _step(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return R(i, ·) / (R(i, i) + λ) for each row i of `rows`."""
        self._update()
        residual = self._residual[rows].astype(np.float64)
        return residual / (self._residual[rows, rows].astype(np.float64) + self._lambda)[:, None]

    def _change(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return e_y - F(i) for each row i of `rows`."""
        change = -self._outputs[rows]
        change[np.arange(len(rows)), self._labels[rows]] += 1
        return change
