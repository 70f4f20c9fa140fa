"""BADGE: images that would change the classifier much, and differently from each other."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from ntkcpl.geometry.distances import on_grid
from ntkcpl.head import asking_memory
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool


class Badge(PairwiseStrategy):
    """BADGE (Ash et al. 2020, Alg. 1).

    The gradient of the loss by the classifier's last weights, were the predicted class the label,
    stands for an image. K-means++ seeding draws the batch among the gradients. The first is the
    largest, as in the authors' code; Arthur and Vassilvitskii (2007) draw it uniformly.
    """

    method: Literal["badge"] = "badge"
    about = About(
        paper="Ash et al. 2020",
        relevance="length of the loss gradient",
        diversity="distance of gradients, by k-means++",
        cost="M b (C + H), M candidates",
    )
    needs_classifier = True

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        return considering + gradient_memory(n, d)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        unlabelled = pool.unlabelled
        hidden, probability = pool.hidden_and_probability(unlabelled)
        rows = seed_by_gradient(probability, hidden, budget, rng, pool.weight[unlabelled])
        return Batch(unlabelled[rows])


def gradient_memory(n: int, d: int) -> int:
    """Return about how many bytes it takes to ask the head and to hold n images' hidden units."""
    return asking_memory(n, d) + 16 * n * d


def seed_by_gradient(
    probability: NDArray[np.floating],
    hidden: NDArray[np.floating],
    n_chosen: int,
    rng: np.random.Generator,
    weight: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Choose rows by k-means++ seeding on gradients g = (p − e_ŷ) ⊗ h (Ash et al. 2020, eq. 1).

    A row is drawn in proportion to the squared distance of its gradient to the nearest of those
    chosen. Where all gradients coincide with one chosen, any other row is as likely.

    Parameters
    ----------
    probability : float (N, C)
        Softmax output p; ŷ is its largest entry.
    hidden : float (N, H)
        Hidden units h. The bias is not among the weights, in the paper as here.
    n_chosen
        Number of rows.
    rng
        Draws all rows but the first.
    weight : int64 (N,), optional
        How many images each row stands for, one without: it is drawn as if it were there so often.

    Returns
    -------
    int64 (n_chosen,)
        Distinct rows.

    Notes
    -----
    ‖g − g'‖² = ‖g‖² + ‖g'‖² − 2 (e · e') (h · h'), e = p − e_ŷ: no gradient is ever formed.
    """
    weight = np.ones(len(hidden), dtype=np.int64) if weight is None else weight
    error = probability.astype(np.float64)
    error[np.arange(len(error)), probability.argmax(axis=1)] -= 1
    error, hidden = on_grid(error), on_grid(hidden)
    squared_norm = np.einsum("nc,nc->n", error, error) * np.einsum("nh,nh->n", hidden, hidden)
    chosen = [int(squared_norm.argmax())]
    nearest = np.full(len(error), np.inf)
    while len(chosen) < n_chosen:
        last = chosen[-1]
        squared = (error @ error[last]) * (hidden @ hidden[last])
        squared *= -2
        squared += squared_norm + squared_norm[last]  # exactly zero for equal rows
        np.minimum(nearest, np.maximum(squared, 0), out=nearest)
        chances = nearest if nearest.any() else ~np.isin(np.arange(len(error)), chosen)
        chances = chances * weight
        chosen.append(int(rng.choice(len(error), p=chances / chances.sum())))
    return np.array(chosen, dtype=np.int64)
