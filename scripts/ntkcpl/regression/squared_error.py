"""The squared error after adding each sample, kept up to date while samples are added."""

from collections.abc import Callable
from typing import Any

Array = Any  # of NumPy, or a torch tensor: only operators that both know are used


class SquaredErrors:
    """Σ w(x) ‖F⁺(x) - e_y(x)‖² for all candidates, at O(NC) a step and one product with R.

    With the errors E = F - Y, adding i changes F by R(·, i) (R(i, i) + λ)⁻¹ times -E(i), so that
    with W = diag(w) and ‖v‖²_w = Σ w(x) v(x)²

        Σ w ‖F⁺ - Y‖² = ‖E‖²_w - 2 (RWE)(i)·E(i) / (R(i, i) + λ)
                        + ‖E(i)‖² ‖R(i)‖²_w / (R(i, i) + λ)²,

    and RWE and ‖R(i)‖²_w take low-rank updates like R and F themselves.

    Parameters
    ----------
    product : float64 (N, C)
        RWE.
    norms, diagonal : float64 (N,)
        ‖R(i)‖²_w and R(i, i).
    error : float64 (N, C)
        E.
    weight : (N,)
        w.
    lambda_
        λ, the absolute ridge.
    add_outer
        Adds to a matrix, its first argument, the outer product of the other two, in place.
    vecdot
        Returns the products of the rows of one matrix with those of another.

    Notes
    -----
    The four arrays are taken over and changed in place: that is the memory.
    """

    def __init__(
        self,
        product: Array,
        norms: Array,
        diagonal: Array,
        error: Array,
        weight: Array,
        lambda_: float,
        *,
        add_outer: Callable[[Array, Array, Array], Any],
        vecdot: Callable[[Array, Array], Array],
    ) -> None:
        self._product, self._norms, self._diagonal = product, norms, diagonal
        self._error, self._weight, self._lambda = error, weight, lambda_
        self._add_outer, self._vecdot = add_outer, vecdot

    def all(self) -> Array:
        """Return the squared error after adding each of the N samples, float64 (N,)."""
        inverse = 1 / (self._diagonal + self._lambda)
        lengths = self._vecdot(self._error, self._error)
        gains = 2 * self._vecdot(self._product, self._error) - lengths * self._norms * inverse
        return (lengths * self._weight).sum() - gains * inverse

    def add(self, sample: int, row: Array, reached: Array) -> None:
        """Follow a sample that is added.

        Parameters
        ----------
        sample
            Its number j.
        row, reached : float64 (N,)
            R(j) and R W R(j), of R before the sample is added.
        """
        inverse = 1 / (row[sample] + self._lambda)
        step, reached = inverse * row, inverse * reached
        length = (step * row * self._weight).sum()
        change = -self._error[sample]
        # (R - step rowᵀ) W (E + step changeᵀ), whose first factor is R without the sample. rowᵀWE
        # is row j of RWE.
        self._add_outer(self._product, step, -self._product[sample])
        self._add_outer(self._product, reached - length * step, change)
        self._norms += row * (length * step - 2 * reached)
        self._diagonal -= step * row
        self._add_outer(self._error, step, change)
