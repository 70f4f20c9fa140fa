"""Embeddings of many images, batch by batch."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ntkcpl.encoders.encoder import Encoder
from ntkcpl.image_files import ImageFiles, batches


@torch.inference_mode()
def embed(
    encoder: Encoder,
    images: NDArray[np.uint8] | ImageFiles,
    batch_size: int = 512,
    on_batch: Callable[[int], object] = lambda number: None,
) -> NDArray[np.float32]:
    """Return the embeddings of `images` in evaluation mode, float32 (N, D).

    Parameters
    ----------
    encoder
        Left in the mode in which it came.
    images : uint8 (N, 3, H, W)
    batch_size
        Images a pass.
    on_batch
        Called with the number of images after each pass, for a progress bar.
    """
    training = encoder.training
    encoder.eval()
    embedding = np.empty((len(images), encoder.embedding_width), dtype=np.float32)
    for rows, batch in batches(images, batch_size):
        pixels = torch.from_numpy(batch).to(encoder.mean.device)
        embedding[rows] = encoder(pixels).float().cpu().numpy()
        on_batch(len(batch))
    encoder.train(training)
    return embedding
