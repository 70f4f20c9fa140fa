"""BAIT: the images that tell most of what the whole pool has to tell the last layer."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from ntkcpl.geometry.scaling import Scaling, scale_embedding, scaling_memory
from ntkcpl.head import asking_memory
from ntkcpl.settings import Positive
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool


class BAIT(PairwiseStrategy):
    """BAIT (Ash et al. 2021), by default in its binary form (Huseljic et al. 2024, "Fast Fishing").

    The Fisher information of a linear classifier that is to tell an image's likeliest class from
    all others is p (1 - p) x xᵀ, with p that class's probability and x the features. Images are
    chosen so that with M, the sum of these over the pool, and A, the inverse of λ I and the sum
    over what is labelled, tr(A M) is small: greedily twice as many as wanted, of which those are
    then given up one by one that count least (`regression.fisher`).

    The information of all C classes is (diag(p) - p pᵀ) ⊗ x xᵀ (Ash et al. 2021, section 3). With
    `information: classes` its blocks on the diagonal are kept, p_c (1 - p_c) x xᵀ for each class,
    and the sum of their traces is made small: C times the cost of one, where the whole would take
    matrices of (C D)². These blocks are the information of C classifiers, each of one class against
    the rest; with two classes both are the binary form.

    Ash et al. average the information over the images, and their λ is a number; here it is summed,
    and λ is a share of the mean ‖x‖², so that the scale of the features decides nothing.

    It compares no pairs, but passes over all that it considers at each of its steps, twice the
    budget in all: so of a large pool it considers a part too. Told `all`, it streams: raw
    embeddings stay in their file, and beside them it holds some numbers an image.
    """

    method: Literal["bait"] = "bait"
    about = About(
        paper="Ash et al. 2021; Huseljic et al. 2024",
        relevance="Fisher information of the last layer",
        diversity="each choice counts for the next",
        cost="M D b (C), M candidates",
    )
    needs_classifier = True
    information: Literal["binary", "classes"] = "binary"
    """That of the likeliest class against the others, or that of each class."""
    feature: Literal["self", "al"] = "self"
    """The embedding, or the classifier's hidden units, which its last layer sees."""
    scaling: Scaling = "raw"
    """Scaling of the features."""
    ridge: Positive = 0.1
    """λ as a share of the features' mean squared length."""

    @property
    def streams(self) -> bool:
        """Whether the features are the embedding as it is, of which no copy is made."""
        return self.feature == "self" and self.scaling == "raw"

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        # Of more classes than labels or dimensions there is no telling.
        outputs = 1 if self.information == "binary" else min(labels, d)
        copied = 0 if self.streams else scaling_memory(n, d)
        return considering + asking_memory(n, d) + copied + outputs * trace_memory(n, d)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        # With SciPy, which the parser does without.
        from ntkcpl.regression.fisher import select, squared_lengths

        everything = np.arange(len(pool.embedding))
        probability = pool.probability(everything)
        if self.information == "binary":
            probability = probability.max(axis=1, keepdims=True)
        x = pool.embedding if self.feature == "self" else pool.hidden(everything)
        if not self.streams:
            x = scale_embedding(x, self.scaling, pool.weight)
        length = np.average(squared_lengths(x), weights=pool.weight)
        lambda_ = self.ridge * (float(length) or 1.0)
        variance = bernoulli_variance(probability)
        return Batch(select(x, variance, pool.labelled, lambda_, budget, pool.weight))


def trace_memory(n: int, d: int) -> int:
    """Return about how many bytes `fisher.FisherTrace` takes for an output, beside n rows of d."""
    return 64 * n + 48 * d**2


def bernoulli_variance(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p (1 - p) of each probability p, which rounding may have made more than one."""
    p = np.minimum(probability, 1)
    variance: NDArray[np.float64] = p * (1 - p)
    return variance
