"""The look-ahead's loops over a part of the pairs of samples, compiled by numba."""

# numba's functions are untyped for mypy, which sees nothing but Any in them.
# mypy: disallow_untyped_defs=False

import numpy as np
from numba import njit, prange

from ntkcpl.compiling import compiled

FACTORS = 8  # of which `update_and_inform` takes the product before the logarithm
LEAST_FACTOR = 1e-12  # the kernel is known in float32 only


@compiled()
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


@compiled(parallel=True)
def add_outer(matrix, column, row):
    """Add column rowᵀ to a matrix (M, N), float64, in place."""
    for i in prange(len(column)):
        factor, values = column[i], matrix[i]
        for j in range(len(row)):
            values[j] += factor * row[j]


@compiled()
def count_changed(residual, lambda_, asked, rows, columns, labels, weight):
    """Count, by weights, the samples whose class another overtakes, for each candidate asked.

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
    weight : int64 (N,)
        How many samples each stands for.

    Returns
    -------
    int64 (M,)
        Sums of weights.
    """
    n, n_classes = rows.shape
    first, largest, second = np.empty(n, dtype=np.int64), np.empty(n), np.empty(n)
    for x in range(n):
        first[x] = rows[x].argmax()
        largest[x], second[x] = rows[x, first[x]], -np.inf
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
                counts[k] += weight[x]
            elif n_classes > 1 and second[x] + max(step * least, step * most) > after:
                counts[k] += weight[x] * (not _none_larger(after, rows[x], step, g))
    return counts


@njit
def _none_larger(after, outputs, step, g):
    """Whether no class's output is larger than `after` after a step."""
    for c in range(len(g)):  # noqa: SIM110
        if outputs[c] + step * g[c] > after:
            return False
    return True


@compiled(parallel=True)
def update_and_inform(residual, direction, targets, inverse, of_targets):
    """Return Σ_t log(1 - ρ²(i, t)) of each row, once the rank-one update is subtracted.

    Parameters
    ----------
    residual : float32 (N, T)
        Updated in place.
    direction : float32 (N,) or (0,)
        Of the update; empty for none.
    targets : int64 (T,)
        Rows that the columns stand for.
    inverse : float64 (N,), of_targets : float64 (T,)
        1 / (R(i, i) + λ), of rows and of columns.

    Returns
    -------
    float64 (N,)
        The sums.
    """
    totals = np.empty(len(residual))
    stretch = (len(targets) + FACTORS - 1) // FACTORS
    along = direction[targets] if len(direction) else direction
    for i in prange(len(residual)):
        row = residual[i]
        if len(direction):
            for t in range(len(row)):
                row[t] -= direction[i] * along[t]
        product = np.ones(stretch)
        for low in range(0, len(row), stretch):
            values, inverses = row[low : low + stretch], of_targets[low : low + stretch]
            for t in range(len(values)):
                value = np.float64(values[t])
                product[t] *= max(1 - value * value * inverse[i] * inverses[t], LEAST_FACTOR)
        total = 0.0
        for t in range(stretch):
            total += np.log(product[t])
        totals[i] = total
    return totals
