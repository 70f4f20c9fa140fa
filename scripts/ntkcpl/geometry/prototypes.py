"""Images that stand for many: k-means in two levels, so that its cost does not grow with N K.

K cells of N samples by k-means would compare all N with all K centres, again and again. Here a few
coarse cells are found first, on a sample, and each is cut into its share of the K, on a sample of
its own: every sample is compared with some 2 √K centres.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from ntkcpl.geometry.kmeans import constrained_kmeans, group_means

SAMPLES_PER_CENTRE = 64  # that centres are fitted to, at most
ITERATIONS = 10
BLOCK = 8192  # samples that are compared with centres at once


def prototypes_memory(n: int, d: int, number: int) -> int:
    """Return about how many bytes `find_prototypes` takes of n samples of d dimensions."""
    coarse = ceil(np.sqrt(number))
    fitted = min(n, SAMPLES_PER_CENTRE * coarse)
    # A coarse cell may hold a few times its share. Its rows, and their distances to its centres.
    cell = min(n, max(fitted, 4 * n // coarse))
    return 12 * fitted * d + 4 * fitted * coarse + cell * (12 * d + 4 * coarse) + 32 * n


def find_prototypes(
    x: NDArray[np.floating], rows: NDArray[np.int64], number: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return those of some rows that stand for all of them, and for how many each does.

    Parameters
    ----------
    x : float (N, D)
        Samples; they may be mapped from a file.
    rows : int64 (M,)
        Those that are to be stood for.
    number
        Number K of prototypes, at most M.
    rng
        Draws samples and starts.

    Returns
    -------
    prototypes, weight : int64 (K,)
        Increasing rows, each the one nearest to the mean of its cell, and the size of its cell.
    """
    if number == len(rows):
        return np.sort(rows), np.ones(number, dtype=np.int64)
    coarse = _cells(x, rows, ceil(np.sqrt(number)), rng)
    # Each has its share of the prototypes, at least one, and no more than there are samples in it.
    found, weights = [], []
    sizes = np.array([len(cell) for cell in coarse])
    for cell, share in zip(coarse, _shares(sizes, number), strict=True):
        for fine in _cells(x, cell, share, rng):
            block = np.asarray(x[fine], dtype=np.float64)
            block -= block.mean(axis=0)
            found.append(fine[np.einsum("nd,nd->n", block, block).argmin()])
            weights.append(len(fine))
    order = np.argsort(found)
    return np.array(found, dtype=np.int64)[order], np.array(weights, dtype=np.int64)[order]


def _shares(sizes: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Share out a number in proportion to sizes (n,), of each at least 1 and at most its size."""
    shares = np.maximum(1, np.floor(sizes * (number / sizes.sum())).astype(np.int64))
    while (missing := number - shares.sum()) != 0:
        # What rounding left goes to, or comes from, those that have the largest cells by share.
        open_ = np.flatnonzero(shares < sizes if missing > 0 else shares > 1)
        by_need = np.argsort(-np.sign(missing) * sizes[open_] / shares[open_], kind="stable")
        shares[open_[by_need[: abs(missing)]]] += np.sign(missing)
    return shares


def _cells(
    x: NDArray[np.floating], rows: NDArray[np.int64], number: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Cut rows into exactly `number` cells by k-means on a sample of them; return each cell's."""
    if number == 1:
        return [rows]
    sample = np.sort(rng.permutation(rows)[: SAMPLES_PER_CENTRE * number])
    fitted = np.asarray(x[sample], dtype=np.float32)
    of_sample = constrained_kmeans(fitted, number, rng, starts=1, iterations=ITERATIONS)
    if len(sample) == len(rows):
        assigned, rows = of_sample, sample
    else:
        assigned = _nearest(x, rows, group_means(fitted, of_sample, number))
        # The sample stays where it is, so that no cell is empty.
        assigned[np.searchsorted(rows, sample)] = of_sample
    by_cell = np.argsort(assigned, kind="stable")
    ends = np.cumsum(np.bincount(assigned, minlength=number))[:-1]
    return np.split(rows[by_cell], ends)


def _nearest(
    x: NDArray[np.floating], rows: NDArray[np.int64], centres: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the nearest of the centres (K, D) of each of some rows, in blocks."""
    norms = np.einsum("kd,kd->k", centres, centres)
    nearest = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        distance = np.asarray(x[rows[block]], dtype=np.float32) @ (-2 * centres.T)
        distance += norms
        nearest[block] = distance.argmin(axis=1)
    return nearest
