"""Margin: the images whose two likeliest classes are closest."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ntkcpl.strategies.base import Batch, Pool, Strategy


class Margin(Strategy):
    """The smallest difference of the two largest probabilities (Scheffer et al. 2001)."""

    method: Literal["margin"] = "margin"
    random_start = True

    def query(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:  # noqa: D102
        if pool.probability is None:
            raise ValueError("margin needs a trained classifier: start from a random batch")
        unlabelled = pool.unlabelled
        margin = margins(pool.probability[unlabelled])
        return Batch(unlabelled[np.argsort(margin, kind="stable")[:budget]])


def margins(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the difference of the two largest probabilities of each row, float64 (N,)."""
    ordered = np.sort(probability.astype(np.float64), axis=1)
    difference: NDArray[np.float64] = ordered[:, -1] - ordered[:, -2]
    return difference
