"""Which images a strategy that compares pairs considers: all, some at random, or prototypes.

What it compares grows with the square of their number; so of a large pool it sees a part. The
labelled images are always in it.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ntkcpl.pool import Pool
from ntkcpl.settings import Count, Settings


class Prototypes(Settings):
    """Images that stand for all: in each cell of k-means the one nearest to the cell's mean."""

    prototypes: Count
    """How many. A sum over the pool counts each as often as there are images in its cell."""


Candidates = Count | Literal["all"] | Prototypes
"""So many of the unlabelled images at random, all of them, or prototypes of them."""


def number_considered(candidates: Candidates, n: int, labels: int = 0) -> int:
    """Return how many of n images are considered, at most `labels` of which are labelled."""
    if candidates == "all":
        return n
    number = candidates.prototypes if isinstance(candidates, Prototypes) else candidates
    return min(n, number + labels)


def considering_memory(candidates: Candidates, n: int, d: int, labels: int = 0) -> int:
    """Return about how many bytes `consider` takes; the parameters are those of `Strategy.memory`.

    These are the rows of the part, where it is one, and what finding prototypes takes.
    """
    considered = number_considered(candidates, n, labels)
    if considered == n:
        return 0
    finding = 0
    if isinstance(candidates, Prototypes):
        from ntkcpl.geometry.prototypes import prototypes_memory

        finding = prototypes_memory(n, d, candidates.prototypes)
    return 8 * considered * d + 40 * n + finding


def consider(
    pool: Pool, candidates: Candidates, rng: np.random.Generator
) -> tuple[Pool, NDArray[np.int64]]:
    """Return the pool as if it held only the candidates and the labelled images.

    Parameters
    ----------
    pool
        The whole pool.
    candidates
        Where there are no more unlabelled images than candidates are asked for, all are.
    rng
        Draws what is drawn.

    Returns
    -------
    part, index
        The pool that is left, with the weights of prototypes, and which rows it holds, increasing
        int64 (M,).
    """
    unlabelled, weight = pool.unlabelled, None
    number = number_considered(candidates, len(unlabelled))
    if number < len(unlabelled):
        if isinstance(candidates, Prototypes):
            from ntkcpl.geometry.prototypes import find_prototypes

            unlabelled, weight = find_prototypes(pool.embedding, unlabelled, number, rng)
        else:
            unlabelled = np.sort(rng.choice(unlabelled, number, replace=False))
    return pool.part(unlabelled, weight)
