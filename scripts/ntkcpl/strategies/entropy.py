"""Entropy: the images on which the classifier is least certain."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.strategies.base import About, Batch, Pool, Strategy


class Entropy(Strategy):
    """The largest entropy of the classifier's softmax output (Settles 2009, section 3.1)."""

    method: Literal["entropy"] = "entropy"
    needs_classifier = True
    about = About(
        paper="Lewis and Gale 1994; Settles 2009",
        relevance="entropy of the output",
        diversity="–",
        cost="N C",
    )

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        from scipy.special import entr  # for which 0 log 0 is 0

        unlabelled = pool.unlabelled
        entropy = pool.score(lambda probability: entr(probability).sum(axis=1), unlabelled)
        return Batch(unlabelled[np.argsort(-entropy, kind="stable")[:budget]])
