"""Entropy: the images on which the classifier is least certain."""

from typing import Literal

import numpy as np

from ntkcpl.strategies.base import Batch, Pool, Strategy


class Entropy(Strategy):
    """The largest entropy of the classifier's softmax output (Settles 2009, section 3.1)."""

    method: Literal["entropy"] = "entropy"
    random_start = True

    def query(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:  # noqa: D102
        if pool.probability is None:
            raise ValueError("entropy needs a trained classifier: start from a random batch")
        unlabelled = pool.unlabelled
        p = pool.probability[unlabelled].astype(np.float64)
        # 0 log 0 is 0; written as p log 1 so that it neither is nor hides a NaN.
        entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)
        return Batch(unlabelled[np.argsort(-entropy, kind="stable")[:budget]])
