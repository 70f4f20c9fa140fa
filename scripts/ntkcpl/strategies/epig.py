"""EPIG: the images whose labels tell most about the labels of others."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.regression.settings import KernelRegression
from ntkcpl.settings import Count
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool


class EPIG(KernelRegression, PairwiseStrategy):
    """Expected predictive information gain (Bickford Smith et al. 2023), with the NTK.

    Images are chosen one by one, each the one whose label shares most information with the label
    of an image of the pool, given all that is labelled or chosen: -½ log(1 - ρ²), on average over
    the targets, ρ being the correlation of the two labels under the Gaussian process with the NTK
    of the classifier's head (`regression.predictive`). It knows no labels and needs no classifier.

    The paper's classifiers are samples of weights. Here nothing but the head is trained, and its
    dropout masks are no sample of a posterior (`bald`), while regression on one-hot labels, which
    stands in for training it in all look-aheads here, has a joint distribution in closed form, the
    same for each class.
    """

    method: Literal["epig"] = "epig"
    about = About(
        paper="Bickford Smith et al. 2023",
        relevance="information about other labels under the NTK",
        diversity="each choice counts for the next",
        cost="M T (D + b), M candidates, T targets",
    )
    targets: Count | Literal["all"] = 1_000
    """Random images of the pool whose labels are to be told."""

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        width = 0 if self.width == "infinite" else self.width
        n, considering = self.considered_memory(n, d, labels)
        targets = n if self.targets == "all" else min(n, self.targets)
        blocks = 2048 * (16 * labels + 24 * targets)
        return considering + n * (4 * (targets + labels) + 24 * (d + width)) + blocks

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        ends = np.cumsum(pool.weight)
        targets = np.arange(ends[-1])
        if self.targets != "all" and self.targets < ends[-1]:
            targets = np.sort(rng.choice(ends[-1], self.targets, replace=False))
        # An image's prototype stands for it, so one row may be several targets.
        targets = np.searchsorted(ends, targets, side="right")
        information = self.predictive_information(
            pool.embedding, pool.labelled, targets, pool.weight, rng
        )
        return Batch(information.select(budget))
