"""LookAhead: the images that would change the predictions for the pool most."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.head import asking_memory
from ntkcpl.regression.settings import KernelRegression
from ntkcpl.strategies.base import About, Batch, Candidates, PairwiseStrategy, Pool


class NTKLookAhead(KernelRegression, PairwiseStrategy):
    """The largest change of outputs under the NTK (Mohamadi, Bae, Sutherland 2022, section 3).

    The paper's most likely model output change: each image is added to the labelled ones with the
    class that the classifier predicts for it, the NTK tells the retrained outputs, and the images
    are taken that each change the outputs for the pool most. The paper linearises around the
    trained network; here the outputs before and after are those of the kernel regression that
    NTKCPL looks ahead with, from zero outputs, on the true classes of the labelled images. The
    trained classifier says only what the label would be.
    """

    method: Literal["lookahead"] = "lookahead"
    about = About(
        paper="Mohamadi, Bae and Sutherland 2022",
        relevance="change of the outputs under the NTK",
        diversity="–",
        cost="M² (C + b), M candidates",
    )
    candidates: Candidates = 10_000
    """What is considered of the unlabelled pool: so many at random, all, or {prototypes: so many}
    that stand for all."""
    criterion: Literal["output", "argmax"] = "output"
    """The mean length of the outputs' change, or the number of predicted classes that change."""
    needs_classifier = True

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        m, considering = self.considered_memory(n, d, labels)
        return (
            considering
            + asking_memory(m, d)
            + self.regression_memory(m, d, labels, n_classes=labels)
        )

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        asked = pool.unlabelled
        labels = np.empty(len(pool.embedding), dtype=np.int64)
        labels[asked], labels[pool.labelled] = pool.predicted(asked), pool.label
        regression = self.incremental(
            pool.embedding, labels, pool.classifier.n_classes, pool.labelled, pool.weight, rng
        )
        by_output = self.criterion == "output"
        change = regression.output_change(asked) if by_output else regression.argmax_change(asked)
        return Batch(asked[np.argsort(-change, kind="stable")[:budget]])
