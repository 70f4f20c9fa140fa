"""Margin: the images whose two likeliest classes are closest."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from ntkcpl.strategies.base import About, Batch, Pool, Strategy


class Margin(Strategy):
    """The smallest difference of the two largest probabilities (Scheffer et al. 2001)."""

    method: Literal["margin"] = "margin"
    about = About(
        paper="Scheffer et al. 2001",
        relevance="margin of the output",
        diversity="–",
        cost="N C",
    )
    needs_classifier = True

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        unlabelled = pool.unlabelled
        margin = pool.score(margins, unlabelled)
        return Batch(unlabelled[np.argsort(margin, kind="stable")[:budget]])


def margins(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the difference of the two largest probabilities of each row, float64 (N,)."""
    ordered = np.sort(probability, axis=1)
    difference: NDArray[np.float64] = ordered[:, -1] - ordered[:, -2]
    return difference
