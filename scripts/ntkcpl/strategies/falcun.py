"""FALCUN: images of uncertain predictions, and of predictions unlike each other."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ntkcpl.head import BLOCK, asking_memory
from ntkcpl.strategies.base import About, Batch, Pool, Strategy
from ntkcpl.strategies.margin import margins


class Falcun(Strategy):
    """FALCUN (Gilhuber et al. 2024, "A simple and efficient deep active learning strategy").

    An image is drawn in proportion to (u + d)^γ, one after the other. u is one minus the margin of
    its two likeliest classes. d is at first u; then it is also no more than the L1 distance of its
    class probabilities to those of any image drawn. Before each draw d is brought to [0, 1] over
    the images left. Embeddings take no part.
    """

    method: Literal["falcun"] = "falcun"
    about = About(
        paper="Gilhuber et al. 2024",
        relevance="margin of the output",
        diversity="distance of class probabilities",
        cost="N C b",
    )
    needs_classifier = True
    gamma: Annotated[float, Field(ge=0, le=1000)] = 10.0
    """γ: 0 is Random, and the larger the surer the most relevant image is drawn."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        return asking_memory(n, d)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        left = pool.unlabelled
        probability = pool.probability(left)
        uncertainty = 1 - margins(probability)
        distance = uncertainty.copy()
        rows, chosen = np.arange(len(left)), np.empty(budget, dtype=np.int64)
        for rank in range(budget):
            place = rng.choice(len(rows), p=shares(uncertainty, distance, self.gamma))
            chosen[rank] = rows[place]
            for start in range(0, len(rows), BLOCK):
                block = slice(start, start + BLOCK)
                differences = np.abs(probability[rows[block]] - probability[chosen[rank]])
                np.minimum(distance[block], differences.sum(axis=1), out=distance[block])
            rows, uncertainty = np.delete(rows, place), np.delete(uncertainty, place)
            distance = np.delete(distance, place)
        return Batch(left[chosen])


def shares(
    uncertainty: NDArray[np.float64], distance: NDArray[np.float64], gamma: float
) -> NDArray[np.float64]:
    """Return the probabilities (n,) by which the next image is drawn; equal where all are zero."""
    least, most = distance.min(), distance.max()
    relevance = uncertainty + (distance - least) / (most - least if most > least else 1)
    largest = relevance.max()
    if largest <= 0:
        return np.full(len(relevance), 1 / len(relevance))
    share = (relevance / largest) ** gamma
    return share / share.sum()
