"""Coreset: the images farthest from all that are labelled."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.geometry.distances import Farthest, Points, points_memory
from ntkcpl.geometry.scaling import Scaling, scale_embedding, scaling_memory
from ntkcpl.head import asking_memory
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool


class Coreset(PairwiseStrategy):
    """Greedy k-centre (Sener and Savarese 2018, Alg. 1).

    Again and again, the image is chosen that is farthest from its nearest labelled or chosen one.
    """

    method: Literal["coreset"] = "coreset"
    about = About(
        paper="Sener and Savarese 2018",
        relevance="–",
        diversity="distance to all labelled and chosen",
        cost="M b D, M candidates",
    )
    feature: Literal["self", "al"]
    """Distances between self-supervised embeddings, or between the classifier's hidden units."""
    scaling: Scaling = "raw"
    """Scaling of the embedding or of the hidden units."""

    @property
    def needs_classifier(self) -> bool:  # type: ignore[override]  # here it depends on a field
        """Whether distances are between hidden units; else only the first image is random."""
        return self.feature == "al"

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        feature = asking_memory(n, d) if self.feature == "al" else 0
        return considering + feature + 4 * n * d + max(scaling_memory(n, d), points_memory(n, d))

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        everything = np.arange(len(pool.embedding))
        feature = pool.embedding if self.feature == "self" else pool.hidden(everything)
        farthest = Farthest(
            Points(scale_embedding(feature, self.scaling, pool.weight)), pool.labelled
        )
        chosen: list[int] = []
        while len(chosen) < budget:
            first = not chosen and not len(pool.labelled)
            chosen.append(int(rng.integers(len(feature))) if first else farthest.index())
            farthest.add(chosen[-1])
        return Batch(np.array(chosen, dtype=np.int64))
