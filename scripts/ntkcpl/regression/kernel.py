"""Closed-form neural tangent kernels of the classifier's head, computed in blocks.

The head is Linear-BatchNorm-ReLU-Linear at its random initialisation, seen through one of its
logits: `empirical_ntk` at a given width and draw, `infinite_ntk` in the limit of infinite width.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ntkcpl.head import BATCHNORM_EPS

# The cosine above which rows are parallel: float32 cannot tell an angle below 0.001 from none.
PARALLEL_COSINE = np.float32(1 - 5e-7)
Width = int | Literal["infinite"]
Rows = slice | NDArray[np.int64]
Block = Callable[[Rows, Rows], NDArray[np.float32]]  # of a kernel: its rows and columns


def ntk(
    x: NDArray[np.float32],
    width: Width,
    rng: np.random.Generator,
    weight: NDArray[np.int64] | None = None,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """Return `empirical_ntk` at `width`, or `infinite_ntk`, which uses no `rng`: float32 (N, N).

    `weight` (N,) says how many samples each row stands for in the statistics of the batch norm. The
    latter is computed on `device` (see there).
    """
    if width == "infinite":
        return infinite_ntk(x, weight, device=device)
    return empirical_ntk(x, width, rng, weight)


def ntk_block(
    x: NDArray[np.floating],
    width: Width,
    rng: np.random.Generator,
    weight: NDArray[np.int64] | None = None,
    held: bool = True,
) -> Block:
    """Return what gives any rows and columns of `ntk`, for those who do without the whole.

    `held` is whether all rows are standardised and held, for blocks that are narrow. Else those of
    infinite width are, whenever they are asked for, and the embeddings may stay in a file.
    """
    if width == "infinite":
        return infinite_ntk_block(x, weight, held)
    return empirical_ntk_block(x, width, rng, weight)


def diagonal_of(kernel: Block, n: int, block: int = 256) -> NDArray[np.float64]:
    """Return the diagonal, float64 (n,), of a kernel of n rows that is given by its blocks."""
    parts = [slice(low, low + block) for low in range(0, n, block)]
    return np.concatenate([np.diagonal(kernel(part, part)) for part in parts]).astype(np.float64)


def absolute_ridge(
    diagonal: NDArray[np.floating], ridge: float, weight: NDArray[np.int64] | None = None
) -> float:
    """Return λ, what is added to a kernel's diagonal: `ridge` as a share of the diagonal's mean.

    The mean is by `weight`, how many samples each row stands for; one without.

    Of a kernel that is zero, because all samples are alike, it is a share of one: any λ over zero
    keeps all outputs at zero.
    """
    mean = np.average(diagonal.astype(np.float64), weights=weight)
    return ridge * (float(mean) or 1.0)


def empirical_ntk(
    x: NDArray[np.float32],
    width: int,
    rng: np.random.Generator,
    weight: NDArray[np.int64] | None = None,
    block: int = 1024,
) -> NDArray[np.float32]:
    """Return the empirical NTK of the head at a random initialisation (Jacot et al. 2018).

    The batch norm is frozen at the statistics of `x`. With Z = (X W₁ᵀ + b₁ - μ)/σ (its γ = 1 and
    β = 0 at initialisation), Φ = relu(Z), D = 1[Z > 0]∘a for the logit's weights a, and Dₛ = D/σ,
    the gradients with respect to (a, its bias), (W₁, b₁), β and γ contribute in turn

        K = ΦΦᵀ + 1 + (XXᵀ + 1)∘(DₛDₛᵀ) + DDᵀ + (D∘Z)(D∘Z)ᵀ.

    Parameters
    ----------
    x : float32 (N, D)
        Embeddings; μ and σ are those of their hidden units.
    width
        Hidden units H.
    rng
        Draws W₁, b₁ and a as torch initialises `nn.Linear`: uniform in ±1/√fan_in.
    weight : int64 (N,), optional
        How many samples each row stands for in these statistics; one without.
    block
        Rows and columns computed at once.

    Returns
    -------
    float32 (N, N)
        Symmetric to the bit. Memory beyond it: 4 NH float32 and a few blocks.
    """
    return _symmetric(len(x), block, empirical_ntk_block(x, width, rng, weight))


def empirical_ntk_block(
    x: NDArray[np.floating],
    width: int,
    rng: np.random.Generator,
    weight: NDArray[np.int64] | None = None,
) -> Block:
    """Return what gives any rows and columns of `empirical_ntk`."""
    x, d = x.astype(np.float32, copy=False), x.shape[1]
    bound = 1 / np.sqrt(d)
    first = rng.uniform(-bound, bound, (width, d))
    bias = rng.uniform(-bound, bound, width)
    logit = rng.uniform(-1, 1, width) / np.sqrt(width)

    z = x @ first.T.astype(np.float32) + bias.astype(np.float32)
    wide = z.astype(np.float64)
    wide -= np.average(wide, axis=0, weights=weight)
    variance = np.average(np.square(wide), axis=0, weights=weight)
    deviation = np.sqrt(variance + BATCHNORM_EPS)
    z = (wide / deviation).astype(np.float32)
    active = np.where(z > 0, logit.astype(np.float32), np.float32(0))
    # ΦΦᵀ + DDᵀ + (D∘Z)(D∘Z)ᵀ is one product of rows laid side by side.
    outer = np.hstack([np.maximum(z, 0), active, active * z])
    inner = active / deviation.astype(np.float32)

    def part(rows: Rows, columns: Rows) -> NDArray[np.float32]:
        kernel = x[rows] @ x[columns].T + 1
        kernel *= inner[rows] @ inner[columns].T
        kernel += outer[rows] @ outer[columns].T
        kernel += 1
        return kernel

    return part


def infinite_ntk(
    x: NDArray[np.float32],
    weight: NDArray[np.int64] | None = None,
    block: int = 1024,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """Return the head's NTK in the limit of infinite width.

    In the limit the pre-activations after the batch norm are Gaussian with covariance
    Q = X̃X̃ᵀ / mean‖x̃‖², where X̃ = X - mean(X): the batch norm takes away the mean of its input
    and brings each unit to unit variance over the samples, which for many dimensions of like
    importance is the trace of their covariance. Both layers then contribute an arc-cosine kernel
    (Cho and Saul 2009; the NTK parametrisation of Jacot et al. 2018, without biases):

        K = κ₁ + Q∘κ₀,  κ₀ = (π - θ) / 2π,  κ₁ = ‖q‖‖q'‖ (sin θ + (π - θ) cos θ) / 2π,

    with ‖q‖² the diagonal of Q and θ the angle between two rows. Unlike in `empirical_ntk`, the
    batch norm is not frozen: as in training, the first layer's gradient sees centred inputs.

    Parameters
    ----------
    x : float32 (N, D)
        Embeddings. A shift of all, or another unit of length, changes nothing.
    weight : int64 (N,), optional
        How many samples each row stands for in these means; one without.
    block
        Rows and columns computed at once.
    device
        "cpu", or a torch device that computes them, four times as many in each direction.

    Returns
    -------
    float32 (N, N)
        Symmetric to the bit, with a diagonal of mean 1. Memory beyond it: N D float32 and a few
        blocks. Rows equal to the mean, hence all of a constant `x`, are zero.
    """
    if device == "cpu":
        return _symmetric(len(x), block, infinite_ntk_block(x, weight))
    from ntkcpl.regression import kernel_gpu

    return _symmetric(len(x), 4 * block, kernel_gpu.infinite_ntk_block(x, device, weight))


class Standardisation:
    """Takes rows of embeddings X to X̃ / √mean‖x̃‖².

    Parameters
    ----------
    x : float (N, D)
        Embeddings, of any precision; they are never copied as a whole, unless `held`.
    weight : int64 (N,), optional
        How many samples each row stands for in the means; one without.
    held
        Whether all rows are standardised at once and held, in float32.
    """

    def __init__(
        self,
        x: NDArray[np.floating],
        weight: NDArray[np.int64] | None = None,
        held: bool = False,
        block: int = 1024,
    ) -> None:
        times = np.ones(len(x)) if weight is None else weight.astype(np.float64)
        parts = [slice(low, low + block) for low in range(0, len(x), block)]
        self._x = x
        self._mean = sum(times[part] @ x[part].astype(np.float64) for part in parts) / times.sum()
        squares = [np.square(x[part] - self._mean).sum(axis=1) @ times[part] for part in parts]
        self._scale = np.sqrt(sum(squares) / times.sum()) or 1.0
        self._held = self._standardised(slice(None)) if held else None

    def __call__(self, rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return some rows, standardised (n, D), and their lengths (n,)."""
        if self._held is None:
            return self._standardised(rows)
        centred, length = self._held
        return centred[rows], length[rows]

    def _standardised(self, rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        centred = ((self._x[rows] - self._mean) / self._scale).astype(np.float32)
        return centred, np.sqrt(np.vecdot(centred, centred))


def infinite_ntk_block(
    x: NDArray[np.floating], weight: NDArray[np.int64] | None = None, held: bool = True
) -> Block:
    """Return what gives any rows and columns of `infinite_ntk`; for `held` see `ntk_block`."""
    standardised = Standardisation(x, weight, held)

    def part(rows: Rows, columns: Rows) -> NDArray[np.float32]:
        (left, left_length), (right, right_length) = standardised(rows), standardised(columns)
        covariance = left @ right.T
        lengths = left_length[:, None] * right_length
        cosine = np.divide(covariance, lengths, where=lengths > 0, out=np.zeros_like(lengths))
        np.maximum(cosine, -1, out=cosine)
        np.copyto(cosine, 1, where=cosine > PARALLEL_COSINE)
        rest = np.float32(np.pi) - np.arccos(cosine)
        # κ₁ + Q∘κ₀ = (‖q‖‖q'‖ sin θ + 2 Q (π - θ)) / 2π
        np.subtract(1, np.square(cosine, out=cosine), out=cosine)
        lengths *= np.sqrt(cosine, out=cosine)
        covariance *= 2 * rest
        covariance += lengths
        covariance /= np.float32(2 * np.pi)
        return covariance

    return part


def _symmetric(n: int, block: int, part: Block) -> NDArray[np.float32]:
    """Fill an (n, n) matrix with what `part` returns for the blocks on and above the diagonal."""
    matrix = np.empty((n, n), dtype=np.float32)
    for top in range(0, n, block):
        rows = slice(top, top + block)
        for left in range(top, n, block):
            columns = slice(left, left + block)
            values = part(rows, columns)
            if left == top:
                values = (values + values.T) / np.float32(2)
            matrix[rows, columns] = values
            matrix[columns, rows] = values.T
    return matrix
