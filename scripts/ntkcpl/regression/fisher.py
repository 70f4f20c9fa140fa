"""What a label would take from the trace of Fisher informations, in feature space."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

BLOCK = 4096  # rows whose products with a matrix are held at once
SAME_GAIN = 1e-10  # gains this close, relative to the largest, differ by rounding only


class FisherTrace:
    """tr(A M), with A the inverse of the information held, and M that of all images.

    With rows z = √w x, M is Σ z zᵀ over the pool and A = (λ I + Σ z zᵀ)⁻¹ over what is labelled.
    Adding row z, or taking it away again, makes of A, by the formula of Sherman and Morrison,

        A' = A ∓ v vᵀ,   v = A z / √(1 ± zᵀ A z),

    so that tr(A M) falls by zᵀ A M A z / (1 + zᵀ A z), or rises by zᵀ A M A z / (1 - zᵀ A z).
    What these need of each row takes the same update: with s = vᵀ M v,

        z_jᵀ A' z_j = z_jᵀ A z_j ∓ (z_jᵀ v)²,
        z_jᵀ A' M A' z_j = z_jᵀ A M A z_j ∓ 2 (z_jᵀ v) (z_jᵀ A M v) + s (z_jᵀ v)²,

    which are two products of the rows with vectors, O(ND) a step. By Woodbury's identity it is
    `variance.WeightedVariance` with the kernel xᵀ x' and the noise λ / w, whose gains are λ times
    these.

    Parameters
    ----------
    rows : float64 (N, D)
        z of the images that may be added or taken away.
    held : float64 (D, D)
        A⁻¹, positive definite.
    wanted : float64 (D, D)
        M, positive semi-definite.
    """

    def __init__(
        self,
        rows: NDArray[np.float64],
        held: NDArray[np.float64],
        wanted: NDArray[np.float64],
    ) -> None:
        self._rows, self._wanted = rows, wanted
        self._inverse = cho_solve(cho_factor(held), np.eye(len(held)))
        self._within = _quadratic_forms(rows, self._inverse)
        self._reach = _quadratic_forms(rows, self._inverse @ wanted @ self._inverse)

    def gains(self) -> NDArray[np.float64]:
        """Return by how much adding each row would lower the trace, (N,)."""
        return self._reach / (1 + self._within)

    def losses(self) -> NDArray[np.float64]:
        """Return by how much taking each row away would raise the trace, (N,).

        They are those of rows that were added.
        """
        return self._reach / (1 - self._within)

    def add(self, index: int) -> None:
        """Add row `index`."""
        self._change(index, 1)

    def remove(self, index: int) -> None:
        """Take row `index` away, which was added."""
        self._change(index, -1)

    def _change(self, index: int, sign: int) -> None:
        v = self._inverse @ self._rows[index] / np.sqrt(1 + sign * self._within[index])
        informed = self._wanted @ v
        along, across = (self._rows @ np.column_stack([v, self._inverse @ informed])).T
        self._inverse -= sign * np.outer(v, v)
        self._within -= sign * along**2
        self._reach += along * (along * (informed @ v) - 2 * sign * across)


def select(
    rows: NDArray[np.float64], labelled: NDArray[np.int64], lambda_: float, budget: int
) -> NDArray[np.int64]:
    """Choose rows forward and backward (Ash et al. 2021, Alg. 1).

    One by one those are added that lower the trace most, twice as many as wanted or all; then one
    by one those are taken away that raise it least.

    Parameters
    ----------
    rows : float64 (N, D)
        z of the pool.
    labelled : int64 (L,)
        Rows held from the start.
    lambda_
        λ, positive.
    budget
        Number of rows, at most N - L.

    Returns
    -------
    int64 (budget,)
        In the order in which they were added. Ties go to the lower index.
    """
    held = lambda_ * np.eye(rows.shape[1]) + rows[labelled].T @ rows[labelled]
    wanted = rows.T @ rows
    forward = FisherTrace(rows, held, wanted)
    free = np.ones(len(rows), dtype=bool)
    free[labelled] = False
    chosen: list[int] = []
    for _ in range(min(2 * budget, int(free.sum()))):
        chosen.append(_first_largest(np.where(free, forward.gains(), -np.inf)))
        free[chosen[-1]] = False
        forward.add(chosen[-1])
    added = rows[chosen]
    backward = FisherTrace(added, held + added.T @ added, wanted)
    kept = np.ones(len(chosen), dtype=bool)
    while kept.sum() > budget:
        # Of rows that are as good as each other the last added goes first.
        last = _first_largest(np.where(kept, -backward.losses(), -np.inf)[::-1])
        index = len(chosen) - 1 - last
        kept[index] = False
        backward.remove(index)
    return np.array(chosen, dtype=np.int64)[kept]


def _first_largest(values: NDArray[np.float64]) -> int:
    """Return the first index whose value is the largest but for rounding."""
    largest = values.max()
    return int(np.argmax(values >= largest - SAME_GAIN * abs(largest)))


def _quadratic_forms(rows: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return zᵀ matrix z of each row z, (N,)."""
    forms = np.empty(len(rows))
    for low in range(0, len(rows), BLOCK):
        some = rows[low : low + BLOCK]
        forms[low : low + BLOCK] = np.einsum("nd,nd->n", some @ matrix, some)
    return forms
