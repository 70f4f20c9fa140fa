"""Features whose products are nearly a kernel, by some rows that stand for all (Nyström)."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ntkcpl.regression.kernel import Block

BLOCK = 4096  # rows whose features are made at once
SAME_GAIN = 1e-6  # gains this close, relative to the largest, differ by these features' rounding
LEAST = 1e-6  # eigenvalues below that share of the largest are float32's rounding


def landmark_features(kernel: Block, n: int, landmarks: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return φ(x) = Λ^-½ Uᵀ k(Z, x), with k(Z, Z) = U Λ Uᵀ of the landmarks Z.

    φ(x)ᵀ φ(x') is the kernel where x or x' is a landmark, and elsewhere its best approximation by
    what the landmarks span (Williams and Seeger 2001, "Using the Nyström method to speed up kernel
    machines").

    Parameters
    ----------
    kernel
        Gives any rows and columns of the kernel.
    n
        Number of its rows.
    landmarks : int64 (M,)
        Rows that stand for all.

    Returns
    -------
    float32 (N, at most M)
        Memory beyond it: some blocks and M x M in float64.
    """
    among = kernel(landmarks, landmarks).astype(np.float64)
    value, vector = eigh((among + among.T) / 2)
    kept = value > max(LEAST * value[-1], 0)
    if not kept.any():  # all rows are alike, and the kernel is zero
        return np.zeros((n, 1), dtype=np.float32)
    whitening = (vector[:, kept] / np.sqrt(value[kept])).astype(np.float32)
    features = np.empty((n, whitening.shape[1]), dtype=np.float32)
    for low in range(0, n, BLOCK):
        rows = slice(low, low + BLOCK)
        np.matmul(kernel(rows, landmarks), whitening, out=features[rows])
    return features
