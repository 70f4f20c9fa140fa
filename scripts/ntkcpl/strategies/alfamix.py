"""ALFA-Mix: central images among those whose predicted class a little mixing changes."""

from math import ceil
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ntkcpl.geometry.distances import exact_products
from ntkcpl.geometry.kmeans import central_samples, kmeans_memory
from ntkcpl.geometry.scaling import Scaling, scale_embedding
from ntkcpl.head import Head, asking_memory
from ntkcpl.settings import Repeats
from ntkcpl.strategies.base import About, Batch, PairwiseStrategy, Pool

BLOCK = 4096  # images that are looked at together


class AlfaMix(PairwiseStrategy):
    """ALFA-Mix (Parvaneh et al. 2022, "Active learning by feature mixing", eq. 1 to 5).

    An unlabelled embedding z is mixed with an anchor z*, the mean embedding of a labelled class,
    to z + α(z* - z), with the α of eq. 5 that raises the loss of the predicted class most:

        α = ε ‖z* - z‖ ∇ / ‖∇‖ ⊘ (z* - z),  ∇ the gradient of the loss with respect to z.

    Candidates are the images whose predicted class any anchor changes. They are clustered by
    k-means into as many clusters as images are to be chosen, and the image nearest to each centre
    is. As in the authors' code, ε grows until there are enough candidates, at most to 1/√D; what is
    then still missing is chosen at random.
    """

    method: Literal["alfamix"] = "alfamix"
    about = About(
        paper="Parvaneh et al. 2022",
        relevance="prediction changes when mixed with a class",
        diversity="k-means of what changes",
        cost="M (C H + b D), M candidates",
    )
    epsilon: Annotated[float, Field(ge=1e-6, le=1)] = 0.2
    """ε at first, and what it grows by, in units of 1/√D."""
    scaling: Scaling = "l2"
    """Scaling of the embedding in k-means; the classifier is asked about the raw one."""
    starts: Repeats = 3
    """Starts of k-means."""
    needs_classifier = True

    @override
    def memory(self, n: int, d: int, labels: int = 0) -> int:
        n, considering = self.considered_memory(n, d, labels)
        return considering + asking_memory(n, d) + kmeans_memory(n, d, labels)

    @override
    def choose(self, pool: Pool, budget: int, rng: np.random.Generator) -> Batch:
        unlabelled = pool.unlabelled
        anchors = np.array(
            [
                pool.embedding[pool.labelled[pool.label == c]].mean(axis=0, dtype=np.float64)
                for c in np.unique(pool.label)
            ]
        )
        flips = np.zeros(len(unlabelled), dtype=bool)
        for times in range(1, ceil(1 / self.epsilon) + 1):
            epsilon = min(times * self.epsilon, 1) / np.sqrt(pool.embedding.shape[1])
            left = np.flatnonzero(~flips)
            for start in range(0, len(left), BLOCK):
                part = left[start : start + BLOCK]
                x = pool.embedding[unlabelled[part]]
                flips[part] = prediction_flips(pool.classifier, x, anchors, epsilon)
            if flips.sum() >= budget:
                flipped = unlabelled[flips]
                weight = pool.weight[flipped]
                x = scale_embedding(pool.embedding[flipped], self.scaling, weight)
                return Batch(flipped[central_samples(x, budget, rng, self.starts, weight)])
        others = rng.choice(unlabelled[~flips], budget - flips.sum(), replace=False)
        return Batch(np.concatenate([unlabelled[flips], others]))


def prediction_flips(
    head: Head, x: NDArray[np.floating], anchors: NDArray[np.float64], epsilon: float
) -> NDArray[np.bool_]:
    """Return whether mixing with any of the anchors (A, D) changes the prediction for x, (n,).

    In z + α(z* - z) the division in α cancels: it is a step of length ε ‖z* - z‖ along the
    gradient. Hidden units before the ReLU are linear in that length, whatever the anchor.
    """
    from scipy.spatial.distance import cdist

    gradient = loss_gradient(head, x)
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    # Where the classifier is quite certain the gradient is zero, and nothing changes.
    step = exact_products(gradient / np.where(length > 0, length, 1), head.weight)
    units = head.units(x)
    predicted = head.read_out(np.maximum(units, 0)).argmax(axis=1)
    flips = np.zeros(len(x), dtype=bool)
    for distance in cdist(anchors, x):
        mixed = units + epsilon * distance[:, None] * step
        flips |= head.read_out(np.maximum(mixed, 0, out=mixed)).argmax(axis=1) != predicted
    return flips


def loss_gradient(head: Head, x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the gradient, with respect to x, of the cross-entropy at the predicted class.

    With softmax output p, predicted class y and Z the hidden units before the ReLU it is
    ((p - e_y) W₂ ∘ 1[Z > 0]) W₁, float64 (n, D).
    """
    hidden = head.hidden(x)
    logits = head.read_out(hidden)
    rows, predicted = np.arange(len(x)), logits.argmax(axis=1)
    p = np.exp(logits - logits[rows, predicted, None])
    p /= p.sum(axis=1, keepdims=True)
    p[rows, predicted] = 0
    p[rows, predicted] = -p.sum(axis=1)  # p - 1 would round to 0
    by_unit = exact_products(p, head.readout.T) * (hidden > 0)
    return exact_products(by_unit, head.weight.T)
