"""LookAhead: the images that would change the predictions for the pool most."""

from typing import Literal

import numpy as np
from typing_extensions import override

from ntkcpl.head import asking_memory
from ntkcpl.regression.settings import KernelRegression
from ntkcpl.settings import Count
from ntkcpl.strategies.base import About, Batch, Pool, Strategy, random_part


class NTKLookAhead(KernelRegression, Strategy):
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
    candidates: Count | Literal["all"] = 10_000
    """Size of the random part of the unlabelled pool that is considered in a round."""
    criterion: Literal["output", "argmax"] = "output"
    """The mean length of the outputs' change, or the number of predicted classes that change."""
    needs_classifier = True

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        m = n if self.candidates == "all" else min(n, self.candidates + labels)
        return asking_memory(m, d) + self.regression_memory(m, d, labels, n_classes=labels)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        candidates = random_part(pool, self.candidates, budget, rng)
        index = np.concatenate([candidates, pool.labelled])
        labels = np.concatenate([pool.predicted(candidates), pool.label])
        asked, labelled = np.split(np.arange(len(index)), [len(candidates)])
        regression = self.incremental(
            pool.embedding[index], labels, pool.classifier.n_classes, labelled, rng
        )
        by_output = self.criterion == "output"
        change = regression.output_change(asked) if by_output else regression.argmax_change(asked)
        return Batch(candidates[np.argsort(-change, kind="stable")[:budget]])
