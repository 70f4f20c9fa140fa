"""Embeddings of many images, batch by batch."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ntkcpl.encoders import Precision
from ntkcpl.encoders.encoder import Encoder
from ntkcpl.image_files import ImageFiles, batches

AUTOCAST = {"32-true": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}

# Instructions of x86 processors that compute with bfloat16. Without them oneDNN imitates it, which
# took 10 to 20 times as long as float32; other processors were not measured.
BFLOAT16 = ("amx_bf16", "avx512_bf16")


def used_precision(precision: Precision | Literal["auto"], device: str) -> Precision:
    """Return a precision, in place of "auto" the one that is fast on the device ("cuda", "cpu").

    That is "bf16-mixed" if the device has instructions for bfloat16, else "32-true".
    """
    if precision != "auto":
        return precision
    if device == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = any(torch.cpu.get_capabilities().get(name, False) for name in BFLOAT16)
    return "bf16-mixed" if fast else "32-true"


@torch.inference_mode()
def embed(
    encoder: Encoder,
    images: NDArray[np.uint8] | ImageFiles,
    batch_size: int = 512,
    on_batch: Callable[[int], object] = lambda number: None,
    precision: Precision | Literal["auto"] = "32-true",
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
        Numbers that are computed with, where that saves time and not accuracy (autocast); see
        `used_precision`.
    """
    training, device = encoder.training, encoder.mean.device
    half = AUTOCAST[used_precision(precision, device.type)]
    encoder.eval()
    embedding = np.empty((len(images), encoder.embedding_width), dtype=np.float32)
    for rows, batch in batches(images, batch_size):
        pixels = torch.from_numpy(batch).to(device)
        with torch.autocast(device.type, half, enabled=half is not None):
            embedding[rows] = encoder(pixels).float().cpu().numpy()
        on_batch(len(batch))
    encoder.train(training)
    return embedding
