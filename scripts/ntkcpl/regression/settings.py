"""Settings of the kernel regression that stands in for training the head."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ntkcpl.devices import default_device
from ntkcpl.geometry.scaling import Scaling, scale_embedding
from ntkcpl.regression.incremental import IncrementalRegression
from ntkcpl.regression.kernel import Block, absolute_ridge, diagonal_of, ntk, ntk_block
from ntkcpl.settings import Positive, Settings, Width

if TYPE_CHECKING:
    from ntkcpl.regression.predictive import PredictiveInformation
    from ntkcpl.regression.variance import WeightedVariance

BLOCK = 1024  # rows of a kernel that are made at once


class KernelRegression(Settings):
    """The parameters that strategies share which look ahead with the NTK of the head."""

    width: Width | Literal["infinite"] = "infinite"
    """Hidden units of the head whose NTK is the kernel."""
    kernel_scaling: Scaling = "raw"
    """Scaling of the embedding in the kernel; raw is what the head is trained on."""
    ridge: Positive = 0.1
    """Added to the kernel's diagonal, as a share of its mean."""

    def kernel(
        self,
        embedding: NDArray[np.floating],
        rng: np.random.Generator,
        weight: NDArray[np.int64] | None = None,
    ) -> NDArray[np.float32]:
        """Return the kernel (N, N) of embeddings (N, D); `rng` draws the head, if it is finite.

        `weight` (N,) says how many images each row stands for; one without.
        """
        scaled = scale_embedding(embedding, self.kernel_scaling, weight)
        return ntk(scaled, self.width, rng, weight, default_device())

    def columns(
        self,
        embedding: NDArray[np.floating],
        columns: NDArray[np.int64],
        rng: np.random.Generator,
        weight: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.float32], float]:
        """Return some columns of `kernel`, (N, L), and the ridge λ, without forming the rest."""
        kernel, n = self._block(embedding, rng, weight), len(embedding)
        parts = [kernel(slice(low, low + BLOCK), columns) for low in range(0, n, BLOCK)]
        return np.concatenate(parts), absolute_ridge(diagonal_of(kernel, n), self.ridge, weight)

    def _block(
        self,
        embedding: NDArray[np.floating],
        rng: np.random.Generator,
        weight: NDArray[np.int64] | None,
        held: bool = True,
    ) -> Block:
        """Return what gives any rows and columns of `kernel`; for `held` see `ntk_block`."""
        x = embedding
        if held or self.kernel_scaling != "raw":
            x = scale_embedding(x, self.kernel_scaling, weight)
        return ntk_block(x, self.width, rng, weight, held)

    def regression_memory(self, m: int, d: int, labels: int, n_classes: int) -> int:
        """Return about how many bytes `incremental` and questions to it take, for m samples.

        The parameters are their number and dimensions, how many are labelled, and of how many
        classes; `weighted_variance` takes as much with no class. On a GPU most of it is the
        device's.
        """
        width = 0 if self.width == "infinite" else self.width
        making = 28 * (d + width)  # rows of the embedding and of the hidden units
        conditioning = 28 * 2048 + 24 * labels  # by `residual.condition`, block by block
        return 4 * m**2 + m * (making + conditioning + 32 * n_classes)

    def incremental(
        self,
        embedding: NDArray[np.floating],
        labels: NDArray[np.int64],
        n_classes: int,
        labelled: NDArray[np.int64],
        weight: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> IncrementalRegression:
        """Return the regression with that kernel; the others are its parameters."""
        return IncrementalRegression(
            self.kernel(embedding, rng, weight),
            labels,
            n_classes,
            labelled=labelled,
            ridge=self.ridge,
            weight=weight,
            device=default_device(),
        )

    def weighted_variance(
        self,
        embedding: NDArray[np.floating],
        importance: NDArray[np.float64],
        labelled: NDArray[np.int64],
        weight: NDArray[np.int64],
        rng: np.random.Generator,
        *,
        noise_by_importance: bool = False,
    ) -> "WeightedVariance":
        """Return the variance with that kernel, each image's times its importance.

        λ is the ridge, or that divided by the importance. `weight` says how many images each row
        stands for.
        """
        from ntkcpl.regression.variance import (  # with numba, which the parser does without
            WeightedVariance,
        )

        kernel = self.kernel(embedding, rng, weight)
        noise = np.full(len(weight), absolute_ridge(np.diagonal(kernel), self.ridge, weight))
        if noise_by_importance:
            never = np.full(len(weight), np.inf)
            noise = np.divide(noise, importance, where=importance > 0, out=never)
        return WeightedVariance(kernel, importance * weight, noise, labelled, default_device())

    def predictive_information(
        self,
        embedding: NDArray[np.floating],
        labelled: NDArray[np.int64],
        targets: NDArray[np.int64],
        weight: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> "PredictiveInformation":
        """Return the information about targets with that kernel, which is never whole."""
        from ntkcpl.regression.predictive import (  # with numba, which the parser does without
            PredictiveInformation,
        )

        kernel = self._block(embedding, rng, weight)
        diagonal = diagonal_of(kernel, len(embedding))
        lambda_ = absolute_ridge(diagonal, self.ridge, weight)
        return PredictiveInformation(kernel, diagonal, lambda_, labelled, targets)
