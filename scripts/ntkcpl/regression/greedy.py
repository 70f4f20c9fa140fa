"""One sample after the other, each the best given those before."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def add_greedily(
    budget: int,
    free: NDArray[np.bool_],
    gains: Callable[[], NDArray[np.float64]],
    add: Callable[[int], None],
    same: float = 0.0,
) -> NDArray[np.int64]:
    """Add `budget` samples one by one, each of the largest gain, and return them, int64 (budget,).

    Ties go to the lower index.

    Parameters
    ----------
    budget
        Number of samples.
    free : bool (N,)
        Those that may be added; changed in place.
    gains
        Returns the gain of each sample, finite (N,), after those that are added.
    add
        Adds a sample.
    same
        See `first_largest`.

    Raises
    ------
    ValueError
        If fewer than `budget` samples are free.
    """
    if budget > free.sum():
        raise ValueError(f"cannot choose {budget} of {free.sum()} unlabelled samples")
    chosen = np.empty(budget, dtype=np.int64)
    for rank in range(budget):
        best = first_largest(np.where(free, gains(), -np.inf), same)
        chosen[rank], free[best] = best, False
        add(best)
    return chosen


def first_largest(values: NDArray[np.float64], same: float) -> int:
    """Return the first index whose value is the largest, but for a share `same` of it."""
    largest = values.max()
    return int(np.argmax(values >= largest - same * abs(largest)))
