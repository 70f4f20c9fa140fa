"""The look-ahead's loops over a part of the pairs of samples, compiled by numba."""

# numba's functions are untyped for mypy, which sees nothing but Any in them.
# mypy: disallow_untyped_defs=False

import numpy as np
from numba import njit, prange


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
