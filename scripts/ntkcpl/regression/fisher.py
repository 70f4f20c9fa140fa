"""What a label would take from the trace of Fisher informations, in feature space."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from ntkcpl.regression.greedy import add_greedily, first_largest

BLOCK = 256  # rows that are in float64 at once, so few that they stay in the cache
SAME_GAIN = 1e-10  # gains this close, relative to the largest, differ by rounding only


class FisherTrace:
    """Σ_c tr(A_c M_c), with A_c the inverse of the information held, and M_c that of all images.

    Each output c of a classifier has an information of its own. With rows z_c = √w_c x, M_c is
    Σ z_c z_cᵀ over the pool and A_c = (λ I + Σ z_c z_cᵀ)⁻¹ over what is labelled. Adding row z, or
    taking it away again, makes of A, by the formula of Sherman and Morrison,

        A' = A ∓ v vᵀ,   v = A z / √(1 ± zᵀ A z),

    so that tr(A M) falls by zᵀ A M A z / (1 + zᵀ A z), or rises by zᵀ A M A z / (1 - zᵀ A z).
    What these need of each row takes the same update: with s = vᵀ M v,

        z_jᵀ A' z_j = z_jᵀ A z_j ∓ (z_jᵀ v)²,
        z_jᵀ A' M A' z_j = z_jᵀ A M A z_j ∓ 2 (z_jᵀ v) (z_jᵀ A M v) + s (z_jᵀ v)²,

    which are two products of the rows with vectors for each output: one pass over the rows, block
    by block, O(NDC) a step. The rows may be of any precision and mapped from a file; beside them
    it holds O(NC + D²C) numbers. By Woodbury's
    identity one output is `variance.WeightedVariance` with the kernel xᵀ x' and the noise λ / w,
    whose gains are λ times these; with rows that all have the scale one, and an M of weighted rows,
    it is that with the noise λ.

    Parameters
    ----------
    x : float (N, D)
        Features of the images that may be added or taken away.
    scale : float64 (N, C)
        √w_c of each.
    held : float64 (C, D, D)
        A_c⁻¹, positive definite.
    wanted : float64 (C, D, D)
        M_c, positive semi-definite.
    """

    def __init__(
        self,
        x: NDArray[np.floating],
        scale: NDArray[np.float64],
        held: NDArray[np.float64],
        wanted: NDArray[np.float64],
    ) -> None:
        self._x, self._scale, self._wanted = x, scale, wanted
        unit = np.eye(x.shape[1])
        self._inverse = np.array([cho_solve(cho_factor(one), unit) for one in held])
        reach = self._inverse @ wanted @ self._inverse
        self._within = _quadratic_forms(x, self._inverse) * scale**2
        self._reach = _quadratic_forms(x, reach) * scale**2

    def gains(self) -> NDArray[np.float64]:
        """Return by how much adding each row would lower the traces, (N,)."""
        gains: NDArray[np.float64] = (self._reach / (1 + self._within)).sum(axis=1)
        return gains

    def losses(self) -> NDArray[np.float64]:
        """Return by how much taking each row away would raise the traces, (N,).

        They are those of rows that were added.
        """
        losses: NDArray[np.float64] = (self._reach / (1 - self._within)).sum(axis=1)
        return losses

    def add(self, index: int) -> None:
        """Add row `index`."""
        self._change(index, 1)

    def remove(self, index: int) -> None:
        """Take row `index` away, which was added."""
        self._change(index, -1)

    def _change(self, index: int, sign: int) -> None:
        shrink = self._scale[index] / np.sqrt(1 + sign * self._within[index])
        v = (self._inverse @ self._x[index].astype(np.float64)) * shrink[:, None]
        informed = np.matvec(self._wanted, v)
        both = np.concatenate([v, np.matvec(self._inverse, informed)])
        along, across = np.split(_products(self._x, both), 2, axis=1)
        along *= self._scale
        across *= self._scale
        self._inverse -= sign * v[:, :, None] * v[:, None]
        self._within -= sign * along**2
        across *= -2 * sign
        across += along * np.vecdot(informed, v)
        across *= along
        self._reach += across


def select(
    x: NDArray[np.floating],
    weight: NDArray[np.float64],
    labelled: NDArray[np.int64],
    lambda_: float,
    budget: int,
    times: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Choose rows forward and backward (Ash et al. 2021, Alg. 1).

    One by one those are added that lower the traces most, twice as many as wanted or all; then one
    by one those are taken away that raise them least.

    Parameters
    ----------
    x : float (N, D)
        Features of the pool, of any precision; they are never copied as a whole.
    weight : float64 (N, C)
        w_c of each image, not negative.
    labelled : int64 (L,)
        Rows held from the start.
    lambda_
        λ, positive.
    budget
        Number of rows, at most N - L.
    times : int64 (N,), optional
        How many images of the pool each row stands for; one without.

    Returns
    -------
    int64 (budget,)
        In the order in which they were added. Ties go to the lower index.
    """
    scale = np.sqrt(weight)
    wanted = information(x, scale if times is None else np.sqrt(weight * times[:, None]))
    number = min(2 * budget, len(x) - len(labelled))
    chosen = select_forward(x, scale, wanted, labelled, lambda_, number)
    known = np.concatenate([labelled, chosen])
    held = lambda_ * np.eye(x.shape[1]) + information(x[known], scale[known])
    backward = FisherTrace(x[chosen], scale[chosen], held, wanted)
    kept = np.ones(len(chosen), dtype=bool)
    while kept.sum() > budget:
        # Of rows that are as good as each other the last added goes first.
        last = first_largest(np.where(kept, -backward.losses(), -np.inf)[::-1], SAME_GAIN)
        index = len(chosen) - 1 - last
        kept[index] = False
        backward.remove(index)
    return chosen[kept]


def select_forward(
    x: NDArray[np.floating],
    scale: NDArray[np.float64],
    wanted: NDArray[np.float64],
    labelled: NDArray[np.int64],
    lambda_: float,
    number: int,
    same: float = SAME_GAIN,
) -> NDArray[np.int64]:
    """Add `number` rows one by one, each that lowers the traces most, and return them, int64.

    The parameters are those of `select` and of `FisherTrace`. Ties, of gains that differ by a share
    `same` at most, go to the lower index.
    """
    held = lambda_ * np.eye(x.shape[1]) + information(x[labelled], scale[labelled])
    trace = FisherTrace(x, scale, held, wanted)
    free = np.ones(len(x), dtype=bool)
    free[labelled] = False
    return add_greedily(number, free, trace.gains, trace.add, same)


def information(x: NDArray[np.floating], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Σ z_c z_cᵀ, float64 (C, D, D), of rows x (n, D) with z_c = scale_c x."""
    total = np.zeros((scale.shape[1], x.shape[1], x.shape[1]))
    for rows, block in _blocks(x):
        for one, column in zip(total, scale[rows].T, strict=True):
            z = block * column[:, None]
            one += z.T @ z
    return total


def squared_lengths(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ‖x‖² of each row, (N,)."""
    squares = np.empty(len(x))
    for rows, block in _blocks(x):
        np.vecdot(block, block, out=squares[rows])
    return squares


def _quadratic_forms(x: NDArray[np.floating], matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return xᵀ matrix x of each row x (N, D) for each matrix (C, D, D), (N, C)."""
    forms = np.empty((len(x), len(matrices)))
    for rows, block in _blocks(x):
        for c, matrix in enumerate(matrices):
            forms[rows, c] = np.vecdot(block @ matrix, block)
    return forms


def _products(x: NDArray[np.floating], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x vectorsᵀ, float64 (N, n), of rows x (N, D) and vectors (n, D)."""
    if len(vectors) > 2:
        products = np.empty((len(x), len(vectors)))
        for rows, block in _blocks(x):
            np.matmul(block, vectors.T, out=products[rows])
        return products
    # Of one output: BLAS takes longer for a product with two columns than for two with vectors.
    by_vector = np.empty((len(vectors), len(x)))
    for rows, block in _blocks(x):
        np.matvec(block, vectors, out=by_vector[:, rows])
    return by_vector.T


def _blocks(x: NDArray[np.floating]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield all rows, a block of them at a time in float64, and which they are."""
    for low in range(0, len(x), BLOCK):
        rows = slice(low, low + BLOCK)
        yield rows, x[rows].astype(np.float64, copy=False)
