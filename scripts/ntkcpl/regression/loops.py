"""The look-ahead's loops over all pairs of samples, compiled by numba.

Samples are in the order of their labels, so what depends on a pair's two labels is constant along
a stretch of memory. Indices in the hot loops count from 0 in a slice or are unsigned: numba guards
signed indices against negative values, and such loops are not vectorised.
"""

# numba's functions are untyped for mypy, which sees nothing but Any in them. Only what each step
# needs is parallel, because numba takes seconds to compile a parallel loop.
# mypy: disallow_untyped_defs=False

from typing import NamedTuple

import numpy as np
from numba import njit, prange

# Rows of one label that share two arrays of margins in `count_wrong`.
STRETCH_ROWS = 32
# Margins closer than this, relative to the sizes they are differences of, are float32's rounding:
# such pairs are decided in float64.
FLOAT32_ROUNDING = 1e-6
FLOAT64_ROUNDING = 1e-9  # the same in float64
BELOW_ANY_OUTPUT = -1e30  # lower than any output


def tiles(labels):
    """Return the bounds of stretches of at most STRETCH_ROWS rows of one label, increasing."""
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    ends = np.r_[starts[1:], len(labels)]
    bounds = [np.arange(a, b, STRETCH_ROWS) for a, b in zip(starts, ends, strict=True)]
    return np.concatenate([*bounds, [len(labels)]])


@njit(cache=True)
def permute(kernel, order):
    """Bring rows and columns of a square matrix into `order`, in place."""
    n = len(order)
    for i in range(n):
        kernel[i] = kernel[i][order]
    done = np.zeros(n, dtype=np.bool_)
    for first in range(n):
        if done[first]:
            continue
        saved = kernel[first].copy()
        i = first
        while order[i] != first:
            kernel[i] = kernel[order[i]]
            done[i] = True
            i = order[i]
        kernel[i] = saved
        done[i] = True


@njit(cache=True, parallel=True)
def add_outer(matrix, column, row):
    """Add column rowᵀ to a matrix (M, N), float64, in place."""
    for i in prange(len(column)):
        factor, values = column[i], matrix[i]
        for j in range(len(row)):
            values[j] += factor * row[j]


class Rivals(NamedTuple):
    """Each sample's own output, and the three largest of other classes.

    Attributes
    ----------
    own : float64 (N,)
        Outputs of the own classes.
    value : float64 (3, N), rank : int64 (3, N)
        The others' outputs and classes, the largest first; where there are fewer than three, the
        value is lower than any output.
    largest : float
        The largest absolute output of all.
    """

    own: np.ndarray
    value: np.ndarray
    rank: np.ndarray
    largest: float


@njit(cache=True, parallel=True)
def find_rivals(rows, labels):
    """Return the `Rivals` in predictions F, `rows` (N, C), of samples with `labels` (N,)."""
    n = len(labels)
    own, value, rank = np.empty(n), np.empty((3, n)), np.empty((3, n), dtype=np.int64)
    largest = 0.0
    for x in prange(n):
        first, second, third = BELOW_ANY_OUTPUT, BELOW_ANY_OUTPUT, BELOW_ANY_OUTPUT
        a, b, d = labels[x], labels[x], labels[x]
        for c in range(rows.shape[1]):
            v = rows[x, c]
            largest = max(largest, abs(v))
            if v > third and c != labels[x]:
                if v > first:
                    third, d, second, b, first, a = second, b, first, a, v, c
                elif v > second:
                    third, d, second, b = second, b, v, c
                else:
                    third, d = v, c
        value[0, x], value[1, x], value[2, x] = first, second, third
        rank[0, x], rank[1, x], rank[2, x] = a, b, d
        own[x] = rows[x, labels[x]]
    return Rivals(own, value, rank, largest)


@njit(fastmath=True)
def _downdate_row(row, direction, factor):
    for x in range(len(row)):
        row[x] -= factor * direction[x]


@njit(cache=True, parallel=True)
def update_and_multiply(residual, direction, vector):
    """Subtract direction directionᵀ from `residual`, unless it is empty; return its product.

    Parameters
    ----------
    residual : float32 (N, N)
        Updated in place, each row just before it is read.
    direction : float32 (N,) or (0,)
        Rank-one update still to be done; empty for none.
    vector : float32 (N,)
        What the updated matrix is multiplied with.

    Returns
    -------
    float64 (N,)
        Summed in float64.
    """
    product = np.empty(len(vector))
    for i in prange(len(vector)):
        row = residual[i]
        if len(direction):
            _downdate_row(row, direction, direction[i])
        product[i] = _dot(row, vector)
    return product


@njit(fastmath=True)
def _dot(row, vector):
    total = np.float64(0)
    for x in range(len(row)):
        total += np.float64(row[x]) * np.float64(vector[x])
    return total


@njit(cache=True, parallel=True)
def count_wrong(residual, direction, lambda_, asked, rows, columns, labels, starts, bounds, rivals):
    """Subtract direction directionᵀ from `residual`, then count for each candidate that is asked.

    Parameters
    ----------
    residual : float32 (N, N)
        The residual kernel, in the order of labels; each row is updated just before it is read.
    direction : float32 (N,) or (0,)
        Rank-one update still to be done; empty for none.
    lambda_
        λ.
    asked : bool (N,)
        Candidates.
    rows : float64 (N, C), columns : float64 (C, N)
        Predictions F, and their transpose.
    labels : int64 (N,), starts : uint64 (C + 1,), bounds : int64 (tiles + 1,)
        Labels, where each label's samples start, and `tiles(labels)`.
    rivals
        What `find_rivals` found in `rows`.

    Returns
    -------
    int64 (N,)
        The number of wrong predictions for each candidate asked, 0 for the others.
    """
    n, n_classes = rows.shape
    own, value, rank, largest = rivals
    counts = np.zeros(n, dtype=np.int64)
    diagonal = np.float64(0)
    for i in range(n):
        diagonal = max(diagonal, np.float64(residual[i, i]))
    for tile in prange(len(bounds) - 1):
        low, high = bounds[tile], bounds[tile + 1]
        label = labels[low]
        # Margin of each sample over the tile's label, and over the best of all others.
        over_label = np.empty(n, dtype=np.float32)
        over_rest = np.empty(n, dtype=np.float32)
        for x in range(n):
            over_label[x] = own[x] - columns[label, x]
            over_rest[x] = own[x] - (value[1, x] if rank[0, x] == label else value[0, x])
        over_label[starts[label] : starts[label + 1]] = -BELOW_ANY_OUTPUT
        own_change = np.empty(n, dtype=np.float32)
        change = np.empty((high - low, n_classes))
        for i in range(low, high):
            for c in range(n_classes):
                change[i - low, c] = -rows[i, c]
            change[i - low, label] += 1
        unsure = np.zeros(-(-n // 8) * 8, dtype=np.uint8)  # whole eights, for `_resolve`
        for i in range(low, high):
            row, g = residual[i], change[i - low]
            if len(direction):
                _downdate_row(row, direction, direction[i])
            if not asked[i]:
                continue
            inverse = 1 / (np.float64(row[i]) + lambda_)
            # |R(i, x)| is at most the root of R(i, i) R(x, x).
            reach = np.sqrt(max(diagonal * np.float64(row[i]), 0.0)) * inverse
            size = max(g.max(), -g.min())
            band = np.float32(FLOAT32_ROUNDING * (1 + largest + 2 * reach * size))
            right, smallest, greatest = _sure(
                row, over_label, over_rest, own_change, unsure, g, label, starts, inverse, band
            )
            right += _resolve(
                row, unsure, rows, columns, labels, rivals, g, label, inverse, smallest, greatest
            )
            counts[i] = n - right
    return counts


@njit
def _sure(row, over_label, over_rest, own_change, unsure, g, label, starts, inverse, band):
    """Count predictions that are surely right; mark in `unsure` those that must be looked at.

    All classes but the candidate's label change by nearly the same, so a sample is decided by two
    bounds: exactly against that label, and against the rest by the least and the most that any of
    the rest changes. Returns also these two, of all classes but the label. `own_change` (N,) is
    scratch.
    """
    low, low2, high, high2 = (
        -BELOW_ANY_OUTPUT,
        -BELOW_ANY_OUTPUT,
        BELOW_ANY_OUTPUT,
        BELOW_ANY_OUTPUT,
    )
    at_low, at_high = -1, -1
    for c in range(len(g)):
        # Written out for each sample: with many classes, loops over one class are too short.
        change = np.float32(g[c] * inverse)
        for x in range(starts[c], starts[c + 1]):
            own_change[x] = change
        if c != label:
            if g[c] < low:
                low, low2, at_low = g[c], low, c
            elif g[c] < low2:
                low2 = g[c]
            if g[c] > high:
                high, high2, at_high = g[c], high, c
            elif g[c] > high2:
                high2 = g[c]
    rows = (row, over_label, over_rest, own_change, unsure)
    of_label = np.float32(g[label] * inverse)
    everything = (np.uint64(0), starts[len(g)])
    if at_low < 0:  # there is one class only
        return _sure_between(rows, everything, of_label, of_label, of_label, band), low, high
    first, second = min(at_low, at_high), max(at_low, at_high)
    least, most = np.float32(low * inverse), np.float32(high * inverse)
    right = 0
    for between in (
        (everything[0], starts[first]),
        (starts[first + 1], max(starts[first + 1], starts[second])),
        (starts[second + 1], everything[1]),
    ):
        right += _sure_between(rows, between, of_label, least, most, band)
    # A class is no rival of its own samples. With two classes in all it is the same one.
    for c in range(first, second + 1, max(1, second - first)):
        least, most = (low2 if c == at_low else low), (high2 if c == at_high else high)
        if least > most:  # no class is left in the rest
            least = most = g[c]
        right += _sure_between(
            rows,
            (starts[c], starts[c + 1]),
            of_label,
            np.float32(least * inverse),
            np.float32(most * inverse),
            band,
        )
    return right, low, high


@njit(fastmath=True)
def _sure_between(rows, between, of_label, least, most, band):
    """Do what `_sure` does for a stretch of samples against whose classes the bounds hold."""
    row, over_label, over_rest, own_change, unsure = rows
    right = np.int32(0)
    for x in range(between[0], between[1]):
        margin = over_label[x] + row[x] * (own_change[x] - of_label)
        first = over_rest[x] + row[x] * (own_change[x] - least)
        second = over_rest[x] + row[x] * (own_change[x] - most)
        worst = first if first < second else second
        best = second if first < second else first
        worst = margin if margin < worst else worst
        best = margin if margin < best else best
        right += np.int32(worst > band)
        undecided = (worst <= band) and (best >= -band)
        unsure[x] = np.uint8(1) if undecided else np.uint8(0)
    return right


@njit
def _resolve(row, unsure, rows, columns, labels, rivals, g, label, inverse, smallest, greatest):
    """Count, in float64, which of the unsure predictions are right.

    A prediction is wrong if one of its two nearest rivals or the candidate's label reaches it. It
    is right if the third rival could not, were it to change by the most that any class does. Only
    what is left is compared with all classes.
    """
    own, value, rank, _ = rivals
    right = 0
    eights = unsure.view(np.uint64)  # most are zero
    for eight in range(len(eights)):
        if not eights[eight]:
            continue
        for x in range(8 * eight, 8 * eight + 8):
            if not unsure[x]:
                continue
            step = np.float64(row[x]) * inverse
            after = own[x] + step * g[labels[x]]
            if after <= value[0, x] + step * g[rank[0, x]]:
                continue
            if after <= value[1, x] + step * g[rank[1, x]]:
                continue
            if labels[x] != label and after <= columns[label, x] + step * g[label]:
                continue
            rest = value[2, x] + max(step * smallest, step * greatest)
            right += after > rest + FLOAT64_ROUNDING or _is_largest(after, rows[x], step, g)
    return right


@njit
def _is_largest(after, outputs, step, g):
    """Whether `after`, the own output after a step, is larger than that of every other class."""
    reached = 0
    for c in range(len(g)):
        reached += outputs[c] + step * g[c] >= after
    return reached == 1  # by itself


@njit(cache=True)
def count_changed(residual, lambda_, asked, rows, columns, labels):
    """Count the samples whose largest output another class overtakes, for each candidate asked.

    Parameters
    ----------
    residual : float32 (N, N)
        The residual kernel.
    lambda_
        λ.
    asked : int64 (M,)
        Candidates.
    rows : float64 (N, C), columns : float64 (C, N)
        Predictions F, and their transpose.
    labels : int64 (N,)
        The candidates' labels.

    Returns
    -------
    int64 (M,)
        Number of samples.
    """
    n, n_classes = rows.shape
    first, largest, second = np.empty(n, dtype=np.int64), np.empty(n), np.empty(n)
    for x in range(n):
        first[x] = rows[x].argmax()
        largest[x], second[x] = rows[x, first[x]], BELOW_ANY_OUTPUT
        for c in range(n_classes):
            if c != first[x]:
                second[x] = max(second[x], rows[x, c])
    counts = np.zeros(len(asked), dtype=np.int64)
    for k in range(len(asked)):
        i = asked[k]
        label, row = labels[i], residual[i]
        inverse = 1 / (np.float64(row[i]) + lambda_)
        g = -rows[i]
        g[label] += 1
        least, most = np.inf, -np.inf  # change of the other classes
        for c in range(n_classes):
            if c != label:
                least, most = min(least, g[c]), max(most, g[c])
        for x in range(n):
            step = np.float64(row[x]) * inverse
            after = largest[x] + step * g[first[x]]
            if columns[label, x] + step * g[label] > after:
                counts[k] += 1
            elif n_classes > 1 and second[x] + max(step * least, step * most) > after:
                counts[k] += not _none_larger(after, rows[x], step, g)
    return counts


@njit
def _none_larger(after, outputs, step, g):
    """Whether no class's output is larger than `after` after a step."""
    for c in range(len(g)):  # noqa: SIM110
        if outputs[c] + step * g[c] > after:
            return False
    return True
