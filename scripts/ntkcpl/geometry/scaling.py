"""Scaling of embeddings before clustering or a kernel."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scaling = Literal["raw", "l2", "l2_centred", "standardised"]


def scaling_memory(n: int, d: int) -> int:
    """Return about how many bytes it takes at most to scale an embedding (n, d)."""
    return 16 * n * d


def scale_embedding(
    embedding: NDArray[np.floating], scaling: Scaling, weight: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Scale embeddings before clustering or a kernel.

    Parameters
    ----------
    embedding : float (N, D)
        One row a sample.
    scaling
        "raw" changes nothing; "l2" gives each row unit length; "l2_centred" then subtracts the
        mean row, which removes the direction that all outputs of a ReLU share and that makes the
        kernel nearly constant; "standardised" gives each column zero mean and unit variance.
    weight : int64 (N,), optional
        How many samples each row stands for, in means and variances; one without.

    Returns
    -------
    float32 (N, D)
        Rows and columns of zeros (a constant embedding) stay zero.
    """
    x = np.asarray(embedding, dtype=np.float64)
    if scaling in ("l2", "l2_centred"):
        length = np.linalg.norm(x, axis=1, keepdims=True)
        x = x / np.where(length > 0, length, 1)
    if scaling in ("l2_centred", "standardised"):
        x = x - np.average(x, axis=0, weights=weight)
    if scaling == "standardised":
        deviation = np.sqrt(np.average(np.square(x), axis=0, weights=weight))
        x = x / np.where(deviation > 0, deviation, 1)
    return x.astype(np.float32)
