"""The trained classifier's head in NumPy: strategies that ask it questions do without torch.

Its sums are exact (`geometry.distances.exact_products`), so what it says of an image, to the last
digit, depends neither on the number of threads nor on the images asked about together; nor does
any choice that is made by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ntkcpl.geometry.distances import exact_products

BATCHNORM_EPS = 1e-5  # torch's default
BLOCK = 8192  # images whose hidden units are held at once, where only the outputs are wanted


def asking_memory(n: int, d: int) -> int:
    """Return about how many bytes it takes to ask a head about n images whose rows are held.

    These are the rows asked about, and what a block of them becomes on the way to the outputs;
    d is the number of their dimensions or of hidden units, whichever are more.
    """
    return 4 * n * d + 28 * min(n, BLOCK) * d


def scoring_memory(n: int, d: int) -> int:
    """Return about how many bytes it takes to ask for a number of each of n images, by blocks.

    These are `asking_memory` of a block, and some numbers an image.
    """
    return asking_memory(min(n, BLOCK), d) + 64 * n


@dataclass(frozen=True)
class Head:
    """Linear-BatchNorm-ReLU-Linear in evaluation mode, the batch norm folded into the first layer.

    Attributes
    ----------
    weight, bias : float32 (H, D), (H,)
        Of the first layer.
    readout, readout_bias : float32 (C, H), (C,)
        Of the second.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    readout: NDArray[np.float32]
    readout_bias: NDArray[np.float32]

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Return the head of a torch state dict, as `records.Classifier.state` holds it."""
        wide = {name: np.asarray(value, dtype=np.float64) for name, value in state.items()}
        scale = wide["1.weight"] / np.sqrt(wide["1.running_var"] + BATCHNORM_EPS)
        bias = (wide["0.bias"] - wide["1.running_mean"]) * scale + wide["1.bias"]
        return cls(
            weight=(wide["0.weight"] * scale[:, None]).astype(np.float32),
            bias=bias.astype(np.float32),
            readout=wide["3.weight"].astype(np.float32),
            readout_bias=wide["3.bias"].astype(np.float32),
        )

    @property
    def n_classes(self) -> int:
        """Number of classes, C."""
        return len(self.readout)

    def units(self, embedding: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the hidden units before the ReLU, float64 (N, H), of embeddings (N, D)."""
        units = exact_products(embedding, self.weight)
        units += self.bias
        return units

    def hidden(self, embedding: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the hidden units after the ReLU, float32 (N, H), of embeddings (N, D)."""
        hidden = np.empty((len(embedding), len(self.weight)), dtype=np.float32)
        for start in range(0, len(embedding), BLOCK):
            rows = slice(start, start + BLOCK)
            np.maximum(self.units(embedding[rows]), 0, out=hidden[rows])
        return hidden

    def read_out(self, hidden: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the outputs before the softmax, float64 (N, C), of hidden units (N, H)."""
        return exact_products(hidden, self.readout) + self.readout_bias

    def logits(self, embedding: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the outputs before the softmax, float64 (N, C), of embeddings (N, D)."""
        logits = np.empty((len(embedding), self.n_classes))
        for start in range(0, len(embedding), BLOCK):
            rows = slice(start, start + BLOCK)
            logits[rows] = self.read_out(self.hidden(embedding[rows]))
        return logits

    def probability_of(self, hidden: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the softmax output, float64 (N, C), of hidden units (N, H)."""
        return _softmax(self.read_out(hidden))

    def probability(self, embedding: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the softmax output, float64 (N, C), of embeddings (N, D)."""
        return _softmax(self.logits(embedding))

    def predicted(self, embedding: NDArray[np.floating]) -> NDArray[np.int64]:
        """Return the class with the largest output, of equal ones the first, (N,)."""
        return self.logits(embedding).argmax(axis=1)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import softmax  # only where it is asked for: it takes long to import

    probability: NDArray[np.float64] = softmax(logits, axis=1)
    return probability
