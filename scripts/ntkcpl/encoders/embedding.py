"""Embeddings of many images, batch by batch."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ntkcpl.encoders import Precision
from ntkcpl.encoders.encoder import Encoder
from ntkcpl.image_files import ImageFiles, batches

AUTOCAST = {"32-true": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


@torch.inference_mode()
def embed(
    encoder: Encoder,
    images: NDArray[np.uint8] | ImageFiles,
    batch_size: int = 512,
    on_batch: Callable[[int], object] = lambda number: None,
    precision: Precision = "32-true",
) -> NDArray[np.float32]:
    """Return the embeddings of `images` in evaluation mode, float32 (N, D).

    Parameters
    ----------
    encoder
        Left in the mode in which it came; works where it is.
    images : uint8 (N, 3, H, W)
    batch_size
        Images a pass.
    on_batch
        Called with the number of images after each pass, for a progress bar.
    precision
        Numbers that are computed with, where that saves time and not accuracy (autocast).
    """
    training, device = encoder.training, encoder.mean.device
    half = AUTOCAST[precision]
    encoder.eval()
    embedding = np.empty((len(images), encoder.embedding_width), dtype=np.float32)
    for rows, batch in batches(images, batch_size):
        pixels = torch.from_numpy(batch).to(device)
        with torch.autocast(device.type, half, enabled=half is not None):
            embedding[rows] = encoder(pixels).float().cpu().numpy()
        on_batch(len(batch))
    encoder.train(training)
    return embedding
