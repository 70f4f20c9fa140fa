"""Closed-form empirical neural tangent kernel of the classifier's head, computed in blocks.

The head is Linear-BatchNorm-ReLU-Linear at its random initialisation, the batch norm frozen at the
statistics of the samples that it is given, seen through one of its logits.
"""

import numpy as np
from numpy.typing import NDArray

BATCHNORM_EPS = 1e-5  # torch's default


def empirical_ntk(
    x: NDArray[np.float32], width: int, rng: np.random.Generator, block: int = 2048
) -> NDArray[np.float32]:
    """Return the empirical NTK of the head at a random initialisation (paper, eq. 3).

    With Z = (X W₁ᵀ + b₁ - μ)/σ (the batch norm's γ = 1 and β = 0 at initialisation), Φ = relu(Z),
    D = 1[Z > 0]∘a for the logit's weights a, and Dₛ = D/σ, the gradients with respect to (a, its
    bias), (W₁, b₁), β and γ contribute in turn

        K = ΦΦᵀ + 1 + (XXᵀ + 1)∘(DₛDₛᵀ) + DDᵀ + (D∘Z)(D∘Z)ᵀ.

    Parameters
    ----------
    x : float32 (N, D)
        Scaled embeddings; μ and σ are theirs.
    width
        Hidden units H.
    rng
        Draws W₁, b₁ and a as torch initialises `nn.Linear`: uniform in ±1/√fan_in.
    block
        Rows computed at once.

    Returns
    -------
    float32 (N, N)
        Symmetric to the bit. Memory beyond it: 4 NH + 4 · block · N float32.
    """
    n, d = x.shape
    bound = 1 / np.sqrt(d)
    weight = rng.uniform(-bound, bound, (width, d))
    bias = rng.uniform(-bound, bound, width)
    logit = rng.uniform(-1, 1, width) / np.sqrt(width)

    z = x @ weight.T.astype(np.float32) + bias.astype(np.float32)
    mean = z.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(z.var(axis=0, dtype=np.float64) + BATCHNORM_EPS)
    z = ((z - mean) / deviation).astype(np.float32)
    active = np.where(z > 0, logit.astype(np.float32), np.float32(0))
    # ΦΦᵀ + DDᵀ + (D∘Z)(D∘Z)ᵀ is one product of rows laid side by side.
    outer = np.hstack([np.maximum(z, 0), active, active * z])
    inner = active / deviation.astype(np.float32)

    kernel = np.empty((n, n), dtype=np.float32)
    for start in range(0, n, block):
        rows, rest = slice(start, start + block), slice(start, None)
        part = x[rows] @ x[rest].T + 1
        part *= inner[rows] @ inner[rest].T
        part += outer[rows] @ outer[rest].T
        part += 1
        kernel[rows, rest] = part
        kernel[rest, rows] = part.T
        corner = kernel[rows, rows]
        kernel[rows, rows] = (corner + corner.T) / 2
    return kernel
