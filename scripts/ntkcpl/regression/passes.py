"""Passes over all pairs of samples that bring R up to date on their way, compiled by numba.

Samples are in the order of their labels, so what depends on a pair's two labels is constant for
many samples in a row. Indices in the hot loops count from 0 in a slice or are unsigned: numba
guards signed indices against negative values, and such loops are not vectorised.
"""

# numba's functions are untyped for mypy, which sees nothing but Any in them. Only what each step
# needs is parallel, because numba takes seconds to compile a parallel loop.
# mypy: disallow_untyped_defs=False

from typing import NamedTuple

import numpy as np
from numba import njit, prange

from ntkcpl.compiling import compiled

# Rows that share two arrays of margins in `count_wrong`: enough that making them costs little.
STRETCH_ROWS = 32
# Margins closer than this, relative to the sizes they are differences of, are float32's rounding:
# such pairs are decided in float64.
FLOAT32_ROUNDING = 1e-6
FLOAT64_ROUNDING = 1e-9  # the same in float64
LOWEST = -1e30  # lower than any output


def stretches(labels):
    """Return the bounds of stretches of at most STRETCH_ROWS rows of one label, increasing."""
    lows = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    highs = np.r_[lows[1:], len(labels)]
    bounds = [np.arange(a, b, STRETCH_ROWS) for a, b in zip(lows, highs, strict=True)]
    return np.concatenate([*bounds, [len(labels)]])


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


class Samples(NamedTuple):
    """What `count_wrong` knows of the samples.

    Attributes
    ----------
    labels : int64 (N,)
        Their labels, increasing.
    offsets : uint64 (C + 1,)
        Where each label's samples begin, and N.
    rows : float64 (N, C), columns : float64 (C, N)
        Predictions F, and their transpose.
    weight : int32 (N,)
        How many samples each stands for.
    """

    labels: np.ndarray
    offsets: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    weight: np.ndarray


class Margins(NamedTuple):
    """What the candidates of a stretch share, or leave for the next one.

    Attributes
    ----------
    over_label, over_rest : float32 (N,)
        Margin of each sample over the stretch's label, and over the best of all others.
    own_change : float32 (N,)
        Scratch of `_sure`.
    unsure : uint8 (N, rounded up to eights)
        What `_sure` leaves to `_resolve`, which looks at eight at a time.
    """

    over_label: np.ndarray
    over_rest: np.ndarray
    own_change: np.ndarray
    unsure: np.ndarray


class Step(NamedTuple):
    """How adding a candidate changes the outputs: by R(i, x) / (R(i, i) + λ) times `change`.

    Attributes
    ----------
    label
        The candidate's.
    change : float64 (C,)
        e_y - F(i).
    inverse
        1 / (R(i, i) + λ).
    """

    label: int
    change: np.ndarray
    inverse: float


@compiled(parallel=True)
def find_rivals(rows, labels):
    """Return the `Rivals` in predictions F, `rows` (N, C), of samples with `labels` (N,)."""
    n = len(labels)
    own, value, rank = np.empty(n), np.empty((3, n)), np.empty((3, n), dtype=np.int64)
    largest = 0.0
    for x in prange(n):
        first, second, third = LOWEST, LOWEST, LOWEST
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


@compiled(parallel=True)
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


@compiled(parallel=True)
def count_wrong(residual, direction, lambda_, asked, samples, rivals, bounds):
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
    samples, rivals
        Labels and predictions, and what `find_rivals` found in these.
    bounds : int64 (S + 1,)
        `stretches(samples.labels)`.

    Returns
    -------
    int64 (N,)
        Wrong predictions, by their weights, for each candidate asked, 0 for the others.
    """
    n = len(samples.labels)
    largest = rivals.largest
    counts, total = np.zeros(n, dtype=np.int64), np.int64(0)
    for weight in samples.weight:
        total += weight
    diagonal = np.float64(0)
    for i in range(n):
        diagonal = max(diagonal, np.float64(residual[i, i]))
    for stretch in prange(len(bounds) - 1):
        low, high = bounds[stretch], bounds[stretch + 1]
        label = samples.labels[low]
        margins, changes = _margins(samples, rivals, label), _changes(samples, low, high)
        for i in range(low, high):
            row, change = residual[i], changes[i - low]
            if len(direction):
                _downdate_row(row, direction, direction[i])
            if not asked[i]:
                continue
            step = Step(label, change, 1 / (np.float64(row[i]) + lambda_))
            # |R(i, x)| is at most the root of R(i, i) R(x, x).
            reach = np.sqrt(max(diagonal * np.float64(row[i]), 0.0)) * step.inverse
            size = max(change.max(), -change.min())
            band = np.float32(FLOAT32_ROUNDING * (1 + largest + 2 * reach * size))
            right, least, most = _sure(row, margins, step, samples, band)
            right += _resolve(row, margins.unsure, step, samples, rivals, least, most)
            counts[i] = total - right
    return counts


@njit
def _changes(samples, low, high):
    """Return e_y - F(i) for each row i of a stretch of one label."""
    changes = -samples.rows[low:high]
    changes[:, samples.labels[low]] += 1
    return changes


@njit
def _margins(samples, rivals, label):
    """Return the `Margins` of a stretch of rows of one label."""
    own, value, rank, _ = rivals
    n = len(own)
    over_label = np.empty(n, dtype=np.float32)
    over_rest = np.empty(n, dtype=np.float32)
    for x in range(n):
        over_label[x] = own[x] - samples.columns[label, x]
        over_rest[x] = own[x] - (value[1, x] if rank[0, x] == label else value[0, x])
    over_label[samples.offsets[label] : samples.offsets[label + 1]] = -LOWEST
    unsure = np.zeros(-(-n // 8) * 8, dtype=np.uint8)
    return Margins(over_label, over_rest, np.empty(n, dtype=np.float32), unsure)


@njit
def _sure(row, margins, step, samples, band):
    """Count, by weights, predictions that are surely right; mark those to look at as `unsure`.

    All classes but the candidate's label change by nearly the same, so a sample is decided by two
    bounds: exactly against that label, and against the rest by the least and the most that any of
    the rest changes. Returns also these two, of all classes but the label.
    """
    label, g, inverse = step
    offsets, weight = samples.offsets, samples.weight
    low, low2, high, high2 = -LOWEST, -LOWEST, LOWEST, LOWEST
    at_low, at_high = -1, -1
    for c in range(len(g)):
        # Written out for each sample: with many classes, loops over one class are too short.
        change = np.float32(g[c] * inverse)
        for x in range(offsets[c], offsets[c + 1]):
            margins.own_change[x] = change
        if c != label:
            if g[c] < low:
                low, low2, at_low = g[c], low, c
            elif g[c] < low2:
                low2 = g[c]
            if g[c] > high:
                high, high2, at_high = g[c], high, c
            elif g[c] > high2:
                high2 = g[c]
    of_label = np.float32(g[label] * inverse)
    everything = (np.uint64(0), offsets[len(g)])
    if at_low < 0:  # there is one class only
        return (
            _sure_between(row, margins, weight, everything, of_label, of_label, of_label, band),
            low,
            high,
        )
    first, second = min(at_low, at_high), max(at_low, at_high)
    least, most = np.float32(low * inverse), np.float32(high * inverse)
    right = 0
    for between in (
        (everything[0], offsets[first]),
        (offsets[first + 1], max(offsets[first + 1], offsets[second])),
        (offsets[second + 1], everything[1]),
    ):
        right += _sure_between(row, margins, weight, between, of_label, least, most, band)
    # A class is no rival of its own samples. With two classes in all it is the same one.
    for c in range(first, second + 1, max(1, second - first)):
        least, most = (low2 if c == at_low else low), (high2 if c == at_high else high)
        if least > most:  # no class is left in the rest
            least = most = g[c]
        right += _sure_between(
            row,
            margins,
            weight,
            (offsets[c], offsets[c + 1]),
            of_label,
            np.float32(least * inverse),
            np.float32(most * inverse),
            band,
        )
    return right, low, high


@njit(fastmath=True)
def _sure_between(row, margins, weight, between, of_label, least, most, band):
    """Do what `_sure` does for a range of samples against whose classes the bounds hold."""
    over_label, over_rest, own_change, unsure = margins
    right = np.int32(0)
    for x in range(between[0], between[1]):
        margin = over_label[x] + row[x] * (own_change[x] - of_label)
        first = over_rest[x] + row[x] * (own_change[x] - least)
        second = over_rest[x] + row[x] * (own_change[x] - most)
        worst = first if first < second else second
        best = second if first < second else first
        worst = margin if margin < worst else worst
        best = margin if margin < best else best
        right += weight[x] if worst > band else np.int32(0)
        undecided = (worst <= band) and (best >= -band)
        unsure[x] = np.uint8(1) if undecided else np.uint8(0)
    return right


@njit
def _resolve(row, unsure, step, samples, rivals, least, most):
    """Count, by weights and in float64, which of the unsure predictions are right.

    A prediction is wrong if one of its two nearest rivals or the candidate's label reaches it. It
    is right if the third rival could not, were it to change by the most that any class does. Only
    what is left is compared with all classes.
    """
    labels, _, rows, columns, weight = samples
    own, value, rank, _ = rivals
    label, g, inverse = step
    right = 0
    eights = unsure.view(np.uint64)  # most are zero
    for eight in range(len(eights)):
        if not eights[eight]:
            continue
        for x in range(8 * eight, 8 * eight + 8):
            if not unsure[x]:
                continue
            factor = np.float64(row[x]) * inverse
            after = own[x] + factor * g[labels[x]]
            if after <= value[0, x] + factor * g[rank[0, x]]:
                continue
            if after <= value[1, x] + factor * g[rank[1, x]]:
                continue
            if labels[x] != label and after <= columns[label, x] + factor * g[label]:
                continue
            rest = value[2, x] + max(factor * least, factor * most)
            if after > rest + FLOAT64_ROUNDING or _is_largest(after, rows[x], factor, g):
                right += weight[x]
    return right


@njit
def _is_largest(after, outputs, factor, g):
    """Whether `after`, the own output after a step, is larger than that of every other class."""
    reached = 0
    for c in range(len(g)):
        reached += outputs[c] + factor * g[c] >= after
    return reached == 1  # by itself
