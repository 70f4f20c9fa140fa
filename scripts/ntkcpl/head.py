"""The trained head in NumPy: strategies that ask it further questions do without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

BATCHNORM_EPS = 1e-5  # torch's default


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
        """Return the head of a torch state dict, as `Classifier.state` holds it."""
        wide = {name: np.asarray(value, dtype=np.float64) for name, value in state.items()}
        scale = wide["1.weight"] / np.sqrt(wide["1.running_var"] + BATCHNORM_EPS)
        bias = (wide["0.bias"] - wide["1.running_mean"]) * scale + wide["1.bias"]
        return cls(
            weight=(wide["0.weight"] * scale[:, None]).astype(np.float32),
            bias=bias.astype(np.float32),
            readout=wide["3.weight"].astype(np.float32),
            readout_bias=wide["3.bias"].astype(np.float32),
        )

    def hidden(self, embedding: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the hidden units after the ReLU, float32 (N, H), of embeddings (N, D)."""
        units = embedding.astype(np.float32, copy=False) @ self.weight.T
        units += self.bias
        return np.maximum(units, 0, out=units)

    def logits(self, hidden: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the outputs before the softmax, float32 (N, C), of hidden units (N, H)."""
        return hidden.astype(np.float32, copy=False) @ self.readout.T + self.readout_bias

    def probability(self, embedding: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the softmax output, float32 (N, C), of embeddings (N, D)."""
        logits = self.logits(self.hidden(embedding))
        logits -= logits.max(axis=1, keepdims=True)
        exponential = np.exp(logits, out=logits)
        exponential /= exponential.sum(axis=1, keepdims=True)
        return exponential
