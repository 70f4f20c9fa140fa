"""The NTK of infinite width on a GPU, by torch."""

import numpy as np
import torch
from numpy.typing import NDArray

from ntkcpl.regression.kernel import PARALLEL_COSINE, Block, Rows, Standardisation


def infinite_ntk_block(
    x: NDArray[np.float32], device: str, weight: NDArray[np.int64] | None = None
) -> Block:
    """Return what gives any rows and columns of `kernel.infinite_ntk`, computed on a device.

    Parameters
    ----------
    x : float32 (N, D)
        Embeddings.
    device
        A torch device, such as "cuda".
    weight : int64 (N,), optional
        How many samples each row stands for in the means; one without.
    """
    standardised = Standardisation(x, weight)(slice(None))
    centred, length = (torch.from_numpy(array).to(device) for array in standardised)

    def part(rows: Rows, columns: Rows) -> NDArray[np.float32]:
        covariance = centred[rows] @ centred[columns].T
        lengths = length[rows, None] * length[columns]
        cosine = (covariance / lengths).nan_to_num_(0, 0, 0).clamp_(-1, 1)
        cosine[cosine > PARALLEL_COSINE] = 1
        kernel = 2 * covariance * (torch.pi - cosine.arccos())
        kernel += lengths * (1 - cosine.square()).sqrt()
        computed: NDArray[np.float32] = (kernel / (2 * torch.pi)).cpu().numpy()
        return computed

    return part
