"""The look-ahead's engine for a GPU, by torch; any of torch's devices with float64 will do."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Of the passes, only what float32's rounding is: both engines must mean the same by it.
from ntkcpl.regression.passes import FLOAT32_ROUNDING
from ntkcpl.regression.squared_error import SquaredErrors

# Elements of one array over a block of candidates: large enough that a GPU is busy, small enough
# that its cache holds a good part of the arrays that one block needs.
SCRATCH_ELEMENTS = 2**22


class GpuEngine:
    """The look-ahead's R and F as tensors on a device; see `engine.Engine`.

    Parameters
    ----------
    kernel : float32 (N, N)
        Copied to the device; becomes R in place where the device is the CPU.
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
    device
        A torch device, such as "cuda" or "cuda:1".

    Notes
    -----
    Memory on the device: R (N, N) float32; some six (N, C) float64; and for a block of candidates
    some ten arrays of SCRATCH_ELEMENTS float32, but never less than one row of N. At the start,
    also three (N, L) float64.
    """

    def __init__(
        self,
        kernel: NDArray[np.float32],
        labels: NDArray[np.int64],
        n_classes: int,
        labelled: NDArray[np.int64],
        lambda_: float,
        weight: NDArray[np.int64],
        device: str,
    ) -> None:
        self._lambda = lambda_
        self._labels = torch.from_numpy(labels).to(device)
        self._weight = torch.from_numpy(weight).to(device)
        self._residual = torch.from_numpy(np.ascontiguousarray(kernel, np.float32)).to(device)
        self._errors: SquaredErrors | None = None  # kept only once they are asked for
        self._outputs = torch.zeros(len(labels), n_classes, dtype=torch.float64, device=device)
        if len(labelled):
            self._condition(torch.from_numpy(labelled).to(device))

    @property
    def predictions(self) -> NDArray[np.float64]:
        """F, (N, C)."""
        return self._outputs.cpu().numpy().copy()

    def _condition(self, start: Tensor) -> None:
        """Form R and F for the samples labelled at the start, in float64 but for R itself."""
        columns = self._residual[:, start].double()
        gram = columns[start]
        gram.diagonal().add_(self._lambda)
        factor = torch.linalg.cholesky(gram)
        targets = self._outputs[start].scatter_(1, self._labels[start, None], 1)  # F is 0 yet
        self._outputs = columns @ torch.cholesky_solve(targets, factor)
        solved = torch.cholesky_solve(columns.T, factor)
        for rows in self._blocks(len(columns)):
            rest = slice(rows.start, None)
            part = (self._residual[rows, rest] - columns[rows] @ solved[:, rest]).float()
            self._residual[rows, rest] = part
            self._residual[rest, rows] = part.T
            corner = self._residual[rows, rows]
            self._residual[rows, rows] = (corner + corner.T) / 2

    def _blocks(self, count: int) -> Iterator[slice]:
        """Yield slices of `count` rows; a block of rows by N has SCRATCH_ELEMENTS at most."""
        size = max(1, SCRATCH_ELEMENTS // max(self._outputs.shape))
        return (slice(low, low + size) for low in range(0, count, size))

    def wrong(self) -> int:
        """Return the number of wrong predictions."""
        own = self._labels[:, None]
        rival = self._outputs.scatter(1, own, -torch.inf).amax(dim=1)
        return int(self._weight[self._outputs.gather(1, own)[:, 0] <= rival].sum())

    def count_wrong(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of wrong predictions after adding each of M candidates, (M,).

        As the CPU's engine does, two bounds in float32 decide most pairs: exactly against the
        candidate's label, and against the rest by the least and the most that any of the rest
        changes. Pairs that they leave unsure are decided in float64.
        """
        asked = torch.from_numpy(candidates).to(self._labels.device)
        label = self._labels[asked]
        over_label, over_first, over_second, first = self._margins()
        change, inverse = self._change(asked), 1 / self._denominator(asked)
        against_label, against_least, against_most = self._against(change, inverse, label)
        band = self._band(asked, change, inverse)
        counts = torch.empty_like(asked)
        for rows in self._blocks(len(asked)):
            y, residual = label[rows], self._residual[asked[rows]]
            own = self._labels.expand(len(y), -1)
            # (block, N): margins after the step, over the candidate's label, and over the rest
            # were it to change by the least or the most.
            margin = torch.addcmul(over_label[y], residual, against_label[rows].gather(1, own))
            over_rest = torch.where(first == y[:, None], over_second, over_first)
            least = torch.addcmul(over_rest, residual, against_least[rows].gather(1, own))
            most = torch.addcmul(over_rest, residual, against_most[rows].gather(1, own))
            right = torch.minimum(least, most).minimum(margin) > band[rows]
            unsure = torch.maximum(least, most).minimum(margin) >= -band[rows]
            i, x = (unsure & ~right).nonzero(as_tuple=True)
            step = residual[i, x].double() * inverse[rows][i]
            right[i, x] = self._is_right(x, step, change[rows], i, first[x])
            counts[rows] = self._weight.where(~right, 0).sum(dim=1)
        return counts.cpu().numpy()

    def _margins(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return margins of F: over each class (C, N), over the first and the second rival (N,).

        They are float32, and infinite where there is no such rival. The last is the first rival's
        class, int64 (N,).
        """
        own = self._labels[:, None]
        margins = (self._outputs.gather(1, own) - self._outputs).float()
        margins.scatter_(1, own, torch.inf)
        nearest = _pad(margins, torch.inf).topk(2, dim=1, largest=False)
        over_first, over_second = nearest.values.unbind(dim=1)
        return margins.T.contiguous(), over_first, over_second, nearest.indices[:, 0]

    def _against(
        self, change: Tensor, inverse: Tensor, label: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a sample's margins change by, per unit of R, by candidate and own class.

        Three float32 (M, C): over the candidate's label, and over the rest were it to change by
        the least or by the most of all classes but these two.
        """
        label = label[:, None]
        classes = torch.arange(change.shape[1], device=change.device)
        low = _pad(change.scatter(1, label, torch.inf), torch.inf).topk(2, largest=False)
        high = _pad(change.scatter(1, label, -torch.inf), -torch.inf).topk(2)
        least = torch.where(low.indices[:, :1] == classes, low.values[:, 1:], low.values[:, :1])
        most = torch.where(high.indices[:, :1] == classes, high.values[:, 1:], high.values[:, :1])
        empty = least > most  # no class is left in the rest
        least, most = torch.where(empty, change, least), torch.where(empty, change, most)
        over = (change.gather(1, label), least, most)
        against_label, against_least, against_most = (
            ((change - other) * inverse[:, None]).float() for other in over
        )
        return against_label, against_least, against_most

    def _band(self, asked: Tensor, change: Tensor, inverse: Tensor) -> Tensor:
        """Return the margin up to which float32 leaves a pair unsure, float32 (M, 1)."""
        # |R(i, x)| is at most the root of R(i, i) R(x, x).
        diagonal = self._residual.diagonal().double().clamp(min=0)
        reach = (diagonal.max() * diagonal[asked]).sqrt() * inverse
        spread = change.amax(dim=1) - change.amin(dim=1)
        return (FLOAT32_ROUNDING * (1 + self._outputs.abs().max() + reach * spread)).float()[
            :, None
        ]

    def _is_right(
        self, samples: Tensor, step: Tensor, change: Tensor, rows: Tensor, rivals: Tensor
    ) -> Tensor:
        """Whether the own output is strictly the largest after a step, bool (P,), in float64.

        Pair p is of sample `samples[p]`, whose outputs change by `step[p]` times row `rows[p]` of
        `change`, and `rivals[p]` is another class.
        """
        own, f = self._labels[samples], self._outputs
        # Products are rounded before they are added, not fused: equal outputs must stay equal.
        after_own = step * change[rows, own] + f[samples, own]
        after_rival = step * change[rows, rivals] + f[samples, rivals]
        # The rival settles half of the pairs, and nearly all at a start without labels, where all
        # outputs are equal. The others are compared with all classes.
        right = after_own > after_rival
        for open_ in right.nonzero()[:, 0].split(max(1, SCRATCH_ELEMENTS // f.shape[1])):
            x, i = samples[open_], rows[open_]
            after = (step[open_, None] * change[i]).add_(f[x])
            after.scatter_(1, own[open_, None], -torch.inf)
            right[open_] = after_own[open_] > after.amax(dim=1)
        return right

    def squared_error(self, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return Σ w(x) ‖F⁺(x) - e_y(x)‖² over the N samples for each candidate, (M,)."""
        asked = torch.from_numpy(candidates).to(self._labels.device)
        everyone = torch.arange(len(self._labels), device=asked.device)
        error = -self._change(everyone)
        total = torch.empty(len(asked), dtype=error.dtype, device=error.device)
        for rows in self._blocks(len(asked)):
            index = asked[rows]
            step = self._residual[index].double() / self._denominator(index)[:, None]
            change = self._change(index)
            weighted = step * self._weight
            total[rows] = 2 * ((weighted @ error) * change).sum(dim=1)
            total[rows] += change.square().sum(dim=1) * (weighted * step).sum(dim=1)
        return (total + (error.square().sum(dim=1) * self._weight).sum()).cpu().numpy()

    def squared_errors(self) -> NDArray[np.float64]:
        """Return `squared_error` of all N samples, from the second call on at O(NC)."""
        if self._errors is None:
            everyone = torch.arange(len(self._labels), device=self._labels.device)
            error = -self._change(everyone)
            product = torch.empty_like(error)
            norms = torch.empty(len(error), dtype=error.dtype, device=error.device)
            for rows in self._blocks(len(error)):
                block = self._residual[rows].double()
                weighted = block * self._weight
                product[rows], norms[rows] = weighted @ error, (weighted * block).sum(dim=1)
            diagonal = self._residual.diagonal().double()
            self._errors = SquaredErrors(
                product,
                norms,
                diagonal,
                error,
                self._weight,
                self._lambda,
                add_outer=Tensor.addr_,
                vecdot=torch.linalg.vecdot,
            )
        errors: NDArray[np.float64] = self._errors.all().cpu().numpy()
        return errors

    def output_change(self, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the mean of ‖F⁺(x) - F(x)‖ over the N samples for each of M candidates, (M,)."""
        asked = torch.from_numpy(candidates).to(self._labels.device)
        reach = torch.empty(len(asked), dtype=torch.float64, device=asked.device)
        for rows in self._blocks(len(asked)):
            part = self._residual[asked[rows]].abs().double() * self._weight
            reach[rows] = part.sum(dim=1) / self._weight.sum()
        length = torch.linalg.vector_norm(self._change(asked), dim=1)
        return (reach / self._denominator(asked) * length).cpu().numpy()

    def count_changed(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of samples that another class overtakes, for each candidate, (M,).

        The candidate's label is compared exactly, the rest by the most that any of them can
        change. Pairs that this leaves unsure are compared with all classes.
        """
        asked = torch.from_numpy(candidates).to(self._labels.device)
        f, label = self._outputs, self._labels[asked][:, None]
        largest = f.amax(dim=1)
        classes = torch.arange(f.shape[1], device=f.device)
        # The first of equal ones, which argmax does not promise on every device.
        first = torch.where(f == largest[:, None], classes, f.shape[1]).amin(dim=1)
        second = f.scatter(1, first[:, None], -torch.inf).amax(dim=1)
        change, inverse = self._change(asked), 1 / self._denominator(asked)
        of_label = change.gather(1, label)
        least = change.scatter(1, label, torch.inf).amin(dim=1, keepdim=True)
        most = change.scatter(1, label, -torch.inf).amax(dim=1, keepdim=True)
        counts = torch.empty_like(asked)
        for rows in self._blocks(len(asked)):
            step = self._residual[asked[rows]].double() * inverse[rows, None]
            after = largest + step * change[rows][:, first]
            changed = f.T[label[rows, 0]] + step * of_label[rows] > after
            if f.shape[1] > 1:
                reach = second + torch.maximum(step * least[rows], step * most[rows])
                unsure = (~changed & (reach > after)).nonzero()
                for i, x in (
                    part.T for part in unsure.split(max(1, SCRATCH_ELEMENTS // f.shape[1]))
                ):
                    outputs = f[x] + step[i, x, None] * change[rows][i]
                    changed[i, x] = outputs.amax(dim=1) > after[i, x]
            counts[rows] = self._weight.where(changed, 0).sum(dim=1)
        return counts.cpu().numpy()

    def add(self, index: int) -> None:
        """Label sample `index` with its pseudo-label: a rank-one update of R and F."""
        sample = torch.tensor([index], device=self._labels.device)
        row = self._residual[index]
        if self._errors is not None:
            # In float32: all of R is never held in float64.
            reached = self._residual @ (row * self._weight)
            self._errors.add(index, row.double(), reached.double())
        step, change = row / self._denominator(sample), self._change(sample)[0]
        self._outputs += torch.outer(step, change)
        direction = row / (row[index] + self._lambda).sqrt()
        self._residual.addr_(direction, direction, alpha=-1)

    def _denominator(self, samples: Tensor) -> Tensor:
        """Return R(i, i) + λ for each of the samples i, float64 (M,)."""
        return self._residual.diagonal()[samples].double() + self._lambda

    def _change(self, samples: Tensor) -> Tensor:
        """Return e_y - F(i) for each of the samples i, float64 (M, C)."""
        change = -self._outputs[samples]
        own = self._labels[samples, None]
        return change.scatter_(1, own, change.gather(1, own) + 1)


def _pad(values: Tensor, by: float) -> Tensor:
    """Append a column, that there be two even of one class."""
    return torch.nn.functional.pad(values, (0, 1), value=by)
