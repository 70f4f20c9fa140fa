"""BALD: the images on whose class the classifier's dropout samples disagree most."""

from math import ceil
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from ntkcpl.geometry.distances import rounded_rows
from ntkcpl.settings import Repeats
from ntkcpl.strategies.base import About, Batch, Pool, Strategy

BLOCK = 4096  # images that are looked at together
OUTPUTS = 512  # of an image, by several masks, that are computed together


class BALD(Strategy):
    """The mutual information of class and weights (Houlsby et al. 2011, eq. 2; Gal et al. 2017).

    It is the entropy of the mean prediction less the mean entropy of the predictions, over random
    masks of the classifier's hidden units (Monte Carlo dropout). A mask is a draw of weights, hence
    the same for all images. It was not trained with dropout, so the masks are no sample of the
    posterior that Gal et al. justify, only perturbations.
    """

    method: Literal["bald"] = "bald"
    about = About(
        paper="Houlsby et al. 2011; Gal et al. 2017",
        relevance="mutual information under dropout",
        diversity="–",
        cost="N samples H C",
    )
    samples: Annotated[Repeats, Field(ge=2)] = 50
    """Masks."""
    rate: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the hidden units that are dropped."""
    needs_classifier = True

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        from scipy.special import entr, softmax

        unlabelled = pool.unlabelled
        readout = rounded_rows(pool.classifier.readout)
        kept = rng.random((self.samples, readout.shape[1])) >= self.rate
        parts = min(self.samples, ceil(self.samples * len(readout) / OUTPUTS))
        information = np.empty(len(unlabelled))
        for start in range(0, len(unlabelled), BLOCK):
            rows = unlabelled[start : start + BLOCK]
            hidden = rounded_rows(pool.hidden(rows))
            mean = np.zeros((len(rows), len(readout)))
            entropy = np.zeros(len(rows))
            for masks in np.array_split(kept, parts):
                masked = readout * masks[:, None]
                # The product is exact: no choice depends on the order of its sums.
                logits = hidden @ masked.reshape(-1, readout.shape[1]).T / (1 - self.rate)
                logits = logits.reshape(len(rows), *masked.shape[:2]) + pool.classifier.readout_bias
                for p in softmax(logits, axis=2).transpose(1, 0, 2):
                    mean += p / self.samples
                    entropy += entr(p).sum(axis=1) / self.samples  # 0 log 0 is 0
            information[start : start + BLOCK] = entr(mean).sum(axis=1) - entropy
        return Batch(unlabelled[np.argsort(-information, kind="stable")[:budget]])
