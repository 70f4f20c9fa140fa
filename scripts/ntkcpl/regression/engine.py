"""What the regression asks of the engine that holds its two large arrays."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Holds R and F of `IncrementalRegression` as it suits it, and makes the passes over them.

    All indices and arrays are in the order of the samples, whatever the order within. Each
    question about all pairs of a candidate and a sample is a method of its own. Samples are counted
    and summed by their weights w, means included.
    """

    @property
    def predictions(self) -> NDArray[np.float64]:
        """F, (N, C)."""

    def wrong(self) -> int:
        """Return the number of samples whose own output is not strictly the largest."""

    def count_wrong(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of wrong predictions after adding each of M candidates, (M,)."""

    def squared_error(self, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return Σ‖F⁺(x) - e_y(x)‖² over the N samples after adding each candidate, (M,)."""

    def squared_errors(self) -> NDArray[np.float64]:
        """Return `squared_error` of all N samples, for many steps faster than asking anew."""

    def output_change(self, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the mean of ‖F⁺(x) - F(x)‖ over the N samples for each of M candidates, (M,)."""

    def count_changed(self, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of samples that another class overtakes, for each candidate, (M,)."""

    def add(self, index: int) -> None:
        """Label sample `index` with its pseudo-label: a rank-one update of R and F."""
