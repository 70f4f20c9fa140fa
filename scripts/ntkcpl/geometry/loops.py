"""Loops over the pairs of points in a `distances.Tile`, compiled by numba.

`products` (n, m) float32 are those of n points a with m points b. Pairs in columns up to i + `skip`
of row i do not count: where a tile lies on the diagonal, each pair comes once. The hot loops have
neither branches nor float64, and their indices count from 0 in a slice, so that they are
vectorised.
"""

# numba's functions are untyped for mypy, which sees nothing but Any in them.
# mypy: disallow_untyped_defs=False

from typing import NamedTuple

import numpy as np

from ntkcpl.compiling import compiled

# Sums may be taken in any order. Infinities may occur, NaN and the sign of zero not.
UNORDERED = {"reassoc", "contract", "nnan", "nsz"}
LEAST_EXPONENT = np.float32(-80)  # exp of less counts as exp of this, which is nothing
# Relatively: the exp is 1.5e-5 too small at most, the sums of a tile 1.6e-5.
GAIN_ERROR = np.float32(1e-4)


@compiled(fastmath=UNORDERED)
def lower_reach(products, norm_a, norm_b, cluster_a, cluster_b, reach_a, reach_b):
    """Lower the squared distances to the nearest point of another cluster, in place, roughly."""
    for i in range(products.shape[0]):
        row, norm, cluster, least = products[i], norm_a[i], cluster_a[i], reach_a[i]
        for j in range(len(row)):
            squared = norm + norm_b[j] - np.float32(2) * row[j]
            squared = np.float32(np.inf) if cluster_b[j] == cluster else squared
            least = squared if squared < least else least
            reach_b[j] = squared if squared < reach_b[j] else reach_b[j]
        reach_a[i] = least


class CountedPoints(NamedTuple):
    """The rows or the columns of a tile, for `count_inside`.

    Attributes
    ----------
    x : float64 (n, D)
        Points on the grid.
    norm : float32 (n,)
        Their squared lengths.
    weight : int32 (n,)
        Their weights.
    held : int32 (n,)
        Sum of the weights in the ball around each.
    """

    x: np.ndarray
    norm: np.ndarray
    weight: np.ndarray
    held: np.ndarray


@compiled(fastmath=UNORDERED)
def count_inside(products, skip, a, b, radius, slack):
    """Add to what each ball holds the weights of the points that are closer than √radius, in place.

    Where `slack` leaves a doubt, the exact squared distance decides.
    """
    for i in range(products.shape[0]):
        start = max(0, i + skip + 1)
        row, norms = products[i, start:], b.norm[start:]
        weights, counts = b.weight[start:], b.held[start:]
        low = np.float32(radius - slack - a.norm[i])
        high = np.float32(radius + slack - a.norm[i])
        weight, total, doubtful = a.weight[i], np.int32(0), np.int32(0)
        for j in range(len(row)):
            squared = norms[j] - np.float32(2) * row[j]  # less a.norm
            inside = np.int32(squared < low)
            total += inside * weights[j]
            counts[j] += inside * weight
            doubtful += np.int32(squared <= high) - inside
        if doubtful:
            for j in range(len(row)):
                squared = norms[j] - np.float32(2) * row[j]
                if low <= squared <= high and _squared_distance(a.x[i], b.x[start + j]) < radius:
                    total += weights[j]
                    counts[j] += weight
        a.held[i] += total


@compiled()
def _squared_distance(one, other):
    """Return the squared distance of two points on the grid, without any rounding."""
    total = 0.0
    for d in range(len(one)):
        difference = one[d] - other[d]
        total += difference * difference
    return total


class CoveredPoints(NamedTuple):
    """The rows or the columns of a tile, for `bound_gains`: float32 (n,) each.

    Attributes
    ----------
    half
        Half of their squared lengths.
    weight
        Weights of their coverage.
    covered
        How well they are covered.
    gain
        What they add to the coverage of others.
    """

    half: np.ndarray
    weight: np.ndarray
    covered: np.ndarray
    gain: np.ndarray


@compiled(fastmath=UNORDERED)
def _exp(exponent):
    """Return exp of what is at most zero: the 256th power of a Taylor polynomial."""
    one = np.float32(1)
    u = min(max(exponent, LEAST_EXPONENT), np.float32(0)) * np.float32(1 / 256)
    cubic = one + u * np.float32(1 / 3) * (one + u * np.float32(1 / 4))
    power = one + u * (one + u * np.float32(1 / 2) * cubic)
    for _ in range(8):
        power *= power
    return power


@compiled(fastmath=UNORDERED)
def bound_gains(products, skip, a, b):
    """Add to each point's gain what it adds to the coverage of the others, or more, in place.

    The kernel is exp(product - a.half - b.half).
    """
    for i in range(products.shape[0]):
        start = max(0, i + skip + 1)
        row, halves, weights = products[i, start:], b.half[start:], b.weight[start:]
        covereds, gains = b.covered[start:], b.gain[start:]
        half, weight, covered, total = a.half[i], a.weight[i], a.covered[i], np.float32(0)
        for j in range(len(row)):
            kernel = _exp(row[j] - half - halves[j]) * (np.float32(1) + GAIN_ERROR)
            total += weights[j] * max(kernel - covereds[j], np.float32(0))
            gains[j] += weight * max(kernel - covered, np.float32(0))
        a.gain[i] += total


class ChangedPoints(NamedTuple):
    """Points that have come to be covered better, for `sum_losses`: float32 (n,) each.

    Attributes
    ----------
    half
        Half of their squared lengths.
    weight
        Weights of their coverage.
    before, covered
        How well they were covered, and are.
    """

    half: np.ndarray
    weight: np.ndarray
    before: np.ndarray
    covered: np.ndarray


@compiled(fastmath=UNORDERED)
def sum_losses(products, half, changed, loss):
    """Add to each row's loss what it no longer adds to the coverage of others, or less, in place.

    The kernel is exp(product - half - changed.half).
    """
    weights, befores, covereds = changed.weight, changed.before, changed.covered
    halves = changed.half
    for i in range(products.shape[0]):
        row, own, total = products[i], half[i], np.float32(0)
        for j in range(len(row)):
            kernel = _exp(row[j] - own - halves[j]) * (np.float32(1) - GAIN_ERROR)
            total += weights[j] * (min(max(kernel, befores[j]), covereds[j]) - befores[j])
        loss[i] += total * (np.float32(1) - GAIN_ERROR)
