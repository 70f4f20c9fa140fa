"""The classifier's two layers while they learn: forward, backward and a step of SGD in NumPy.

Training takes a fraction of a second and is done hundreds of times, each in a process of its own:
importing torch would take several times as long as the training. A test compares every step with
torch's.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntkcpl.head import BATCHNORM_EPS

_RUNNING = 0.1  # share of a batch in the running mean and variance, torch's default

Array = NDArray[np.float32]


class _Parameters(NamedTuple):
    """Views of one flat array, so that a step of SGD is one sweep over all of them."""

    weight: Array  # (H, D)
    bias: Array  # (H,)
    scale: Array  # (H,), of the batch norm
    shift: Array  # (H,)
    readout: Array  # (C, H)
    readout_bias: Array  # (C,)

    @classmethod
    def of(cls, flat: Array, width: int, hidden: int, n_classes: int) -> "_Parameters":
        shapes = ((hidden, width), *[(hidden,)] * 3, (n_classes, hidden), (n_classes,))
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        parts = np.split(flat, ends[:-1])
        return cls(*(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)))


class Perceptron:
    """Linear-BatchNorm-ReLU-Linear, trained by SGD with Nesterov momentum on the cross-entropy.

    Parameters
    ----------
    width, hidden, n_classes
        D, H and C.
    rng
        Draws the initial weights, uniform in ±1/√(inputs of the layer) as torch's are.
    momentum, weight_decay
        Of SGD (as `torch.optim.SGD` with `nesterov=True`).

    Notes
    -----
    Memory: four float32 arrays of D H + (C + 4) H + C numbers, and a few of a batch times H.
    """

    def __init__(
        self,
        width: int,
        hidden: int,
        n_classes: int,
        rng: np.random.Generator,
        momentum: float,
        weight_decay: float,
    ) -> None:
        size = hidden * (width + n_classes + 3) + n_classes
        self._flat, self._flat_gradient, self._velocity, self._work = (
            np.zeros(size, dtype=np.float32) for _ in range(4)
        )
        self._parameters = _Parameters.of(self._flat, width, hidden, n_classes)
        self._gradient = _Parameters.of(self._flat_gradient, width, hidden, n_classes)
        for inputs, names in ((width, ("weight", "bias")), (hidden, ("readout", "readout_bias"))):
            for name in names:
                values = getattr(self._parameters, name)
                values[...] = rng.uniform(-1, 1, values.shape) / np.sqrt(inputs)
        self._parameters.scale[...] = 1
        self._mean = np.zeros(hidden, dtype=np.float32)
        self._variance = np.ones(hidden, dtype=np.float32)
        self._batches = 0
        self._momentum, self._weight_decay = np.float32(momentum), np.float32(weight_decay)

    def step(self, x: Array, label: NDArray[np.int64], learning_rate: float) -> float:
        """Take one step on inputs (B, D) of classes (B,), B > 1; return their mean loss before."""
        loss = self._differentiate(x, label)
        gradient, velocity, work = self._flat_gradient, self._velocity, self._work
        gradient += np.multiply(self._flat, self._weight_decay, out=work)
        velocity *= self._momentum
        velocity += gradient
        gradient += np.multiply(velocity, self._momentum, out=work)
        self._flat -= np.multiply(gradient, np.float32(learning_rate), out=work)
        return loss

    def _differentiate(self, x: Array, label: NDArray[np.int64]) -> float:
        """Put the gradient of the mean loss into its place, return the loss."""
        p, g, n = self._parameters, self._gradient, len(x)
        normal = x @ p.weight.T
        normal += p.bias
        mean = normal.mean(axis=0)
        normal -= mean
        variance = np.einsum("nh,nh->h", normal, normal) / np.float32(n)
        deviation = np.sqrt(variance + np.float32(BATCHNORM_EPS))
        normal /= deviation
        self._follow(mean, variance * np.float32(n / (n - 1)))
        hidden = normal * p.scale
        hidden += p.shift
        np.maximum(hidden, 0, out=hidden)

        logits = hidden @ p.readout.T
        logits += p.readout_bias
        logits -= logits.max(axis=1, keepdims=True)
        probability = np.exp(logits)
        total = probability.sum(axis=1, keepdims=True)
        rows = np.arange(n)
        loss = float((np.log(total[:, 0]) - logits[rows, label]).mean(dtype=np.float64))

        probability /= total  # from here on the gradient by the outputs
        probability[rows, label] -= 1
        probability /= np.float32(n)
        np.matmul(probability.T, hidden, out=g.readout)
        probability.sum(axis=0, out=g.readout_bias)
        back = probability @ p.readout
        back *= hidden > 0
        back.sum(axis=0, out=g.shift)
        np.einsum("nh,nh->h", back, normal, out=g.scale)
        # Through the batch norm, whose mean and deviation depend on each image of the batch.
        normal *= g.scale / np.float32(n)
        back -= g.shift / np.float32(n)
        back -= normal
        back *= p.scale / deviation
        np.matmul(back.T, x, out=g.weight)
        back.sum(axis=0, out=g.bias)
        return loss

    def _follow(self, mean: Array, variance: Array) -> None:
        """Let the running mean and (unbiased) variance follow those of a batch."""
        self._mean += np.float32(_RUNNING) * (mean - self._mean)
        self._variance += np.float32(_RUNNING) * (variance - self._variance)
        self._batches += 1

    def state(self) -> dict[str, NDArray[np.float32] | NDArray[np.int64]]:
        """Return copies of all that it has learned, under the names of torch's state dict."""
        p = self._parameters
        named = {"0.weight": p.weight, "0.bias": p.bias, "1.weight": p.scale, "1.bias": p.shift}
        named |= {"1.running_mean": self._mean, "1.running_var": self._variance}
        named |= {"3.weight": p.readout, "3.bias": p.readout_bias}
        copies: dict[str, NDArray[np.float32] | NDArray[np.int64]]
        copies = {name: value.copy() for name, value in named.items()}
        return copies | {"1.num_batches_tracked": np.array(self._batches, dtype=np.int64)}
