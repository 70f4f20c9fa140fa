"""Loops over the pairs of points in a tile of `distances.Tiles`, compiled by numba.

`product` (n, m) float32 holds the products of n points a with m points b. Pairs in columns up to
i + `skip` of row i do not count: where a tile lies on the diagonal, each pair comes once. All other
arrays end in `_a` (n,) or `_b` (m,). The hot loops have neither branches nor float64, and their
indices count from 0 in a slice, so that they are vectorised.
"""

# numba's functions are untyped for mypy, which sees nothing but Any in them.
# mypy: disallow_untyped_defs=False

import numpy as np
from numba import njit

# Sums may be taken in any order. Infinities may occur, NaN and the sign of zero not.
UNORDERED = {"reassoc", "contract", "nnan", "nsz"}
LEAST_EXPONENT = np.float32(-80)  # exp of less counts as exp of this, which is nothing
# Of `bound_gains`, relatively: the exp is 1.5e-5 too small at most, the sums of a tile 1.6e-5.
GAIN_ERROR = np.float32(1e-4)


@njit(cache=True, fastmath=UNORDERED)
def lower_reach(product, norm_a, norm_b, cluster_a, cluster_b, reach_a, reach_b):
    """Lower the squared distances to the nearest point of another cluster, in place, roughly."""
    for i in range(product.shape[0]):
        row, norm, cluster, least = product[i], norm_a[i], cluster_a[i], reach_a[i]
        for j in range(len(row)):
            squared = norm + norm_b[j] - np.float32(2) * row[j]
            squared = np.float32(np.inf) if cluster_b[j] == cluster else squared
            least = squared if squared < least else least
            reach_b[j] = squared if squared < reach_b[j] else reach_b[j]
        reach_a[i] = least


@njit(cache=True, fastmath=UNORDERED)
def count_inside(
    product, skip, x_a, x_b, norm_a, norm_b, radius, slack, weight_a, weight_b, count_a, count_b
):
    """Add to each point's count the weights of the points that are closer than √radius, in place.

    Where `slack` leaves a doubt, the squared distance of `x_a` (n, D) and `x_b` (m, D) decides.
    """
    for i in range(product.shape[0]):
        start = max(0, i + skip + 1)
        row, norms = product[i, start:], norm_b[start:]
        weights, counts = weight_b[start:], count_b[start:]
        low = np.float32(radius - slack - norm_a[i])
        high = np.float32(radius + slack - norm_a[i])
        weight, total, doubtful = weight_a[i], np.int32(0), np.int32(0)
        for j in range(len(row)):
            squared = norms[j] - np.float32(2) * row[j]  # less norm_a
            inside = np.int32(squared < low)
            total += inside * weights[j]
            counts[j] += inside * weight
            doubtful += np.int32(squared <= high) - inside
        if doubtful:
            for j in range(len(row)):
                squared = norms[j] - np.float32(2) * row[j]
                if low <= squared <= high and _squared_distance(x_a[i], x_b[start + j]) < radius:
                    total += weights[j]
                    counts[j] += weight
        count_a[i] += total


@njit(cache=True)
def _squared_distance(one, other):
    """Return the squared distance of two points on the grid, without any rounding."""
    total = 0.0
    for d in range(len(one)):
        difference = one[d] - other[d]
        total += difference * difference
    return total


@njit(cache=True, fastmath=UNORDERED)
def bound_gains(
    product, skip, half_a, half_b, weight_a, weight_b, covered_a, covered_b, gain_a, gain_b
):
    """Add to each point's gain what it adds to the coverage of the others, or more, in place.

    The kernel is exp(product - half_a - half_b): here the 256th power of a Taylor polynomial.
    """
    one = np.float32(1)
    for i in range(product.shape[0]):
        start = max(0, i + skip + 1)
        row, halves, weights = product[i, start:], half_b[start:], weight_b[start:]
        covereds, gains = covered_b[start:], gain_b[start:]
        half, weight, covered, total = half_a[i], weight_a[i], covered_a[i], np.float32(0)
        for j in range(len(row)):
            exponent = min(max(row[j] - half - halves[j], LEAST_EXPONENT), np.float32(0))
            u = exponent * np.float32(1 / 256)
            cubic = one + u * np.float32(1 / 3) * (one + u * np.float32(1 / 4))
            power = one + u * (one + u * np.float32(1 / 2) * cubic)
            for _ in range(8):
                power *= power
            kernel = power * (one + GAIN_ERROR)
            total += weights[j] * max(kernel - covereds[j], np.float32(0))
            gains[j] += weight * max(kernel - covered, np.float32(0))
        gain_a[i] += total
