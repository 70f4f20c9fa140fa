"""Coreset: the images farthest from all that are labelled."""

from typing import Literal

import numpy as np

from ntkcpl.distances import Farthest, Points
from ntkcpl.scaling import Scaling, scale_embedding
from ntkcpl.strategies.base import Batch, Pool, Strategy


class Coreset(Strategy):
    """Greedy k-centre (Sener and Savarese 2018, Alg. 1).

    Again and again, the image is chosen that is farthest from its nearest labelled or chosen one.
    """

    method: Literal["coreset"] = "coreset"
    feature: Literal["self", "al"]
    """Distances between self-supervised embeddings, or between the classifier's hidden units."""
    scaling: Scaling = "raw"
    """Scaling of the embedding or of the hidden units."""

    @property
    def random_start(self) -> bool:  # type: ignore[override]  # here it depends on a field
        """Whether the first batch is random; on the embedding only its first image is."""
        return self.feature == "al"

    @property
    def reads_hidden(self) -> bool:  # type: ignore[override]
        """Whether it reads the hidden units."""
        return self.feature == "al"

    def query(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:  # noqa: D102
        feature = pool.embedding if self.feature == "self" else pool.hidden
        if feature is None:
            raise ValueError("coreset needs a trained classifier: start from a random batch")
        farthest = Farthest(Points(scale_embedding(feature, self.scaling)), pool.labelled)
        chosen: list[int] = []
        while len(chosen) < budget:
            first = not chosen and not len(pool.labelled)
            chosen.append(int(rng.integers(len(feature))) if first else farthest.index())
            farthest.add(chosen[-1])
        return Batch(np.array(chosen, dtype=np.int64))
