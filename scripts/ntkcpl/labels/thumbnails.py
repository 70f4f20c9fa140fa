"""Images small enough for many to travel inside one page."""

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ntkcpl.image_files import open_image

# 40 MB of page, less a tenth, are so many bytes of images: base64 makes four of three.
TOTAL_BYTES = 27_000_000
# Of one image, where there are few.
MOST_BYTES = 250_000
# Longest sides to try, in pixels.
SIDES = (1280, 1024, 768, 512, 384, 256, 192, 128)
QUALITY = 85


def thumbnails(
    images: Sequence[Path] | NDArray[np.uint8], total_bytes: int = TOTAL_BYTES
) -> list[bytes]:
    """Return all images as JPEG, uncut and upright, `total_bytes` together at most.

    None is made smaller than the least of `SIDES`, though, however many there are.

    Parameters
    ----------
    images
        Files, or uint8 (N, 3, H, W).
    total_bytes
        What all may take; by default, a page of them stays below 40 MB.

    Raises
    ------
    BadImageError
        If a file cannot be decoded (see `ntkcpl.image_files`).
    """
    most = min(MOST_BYTES, total_bytes // max(len(images), 1))
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        return list(workers.map(lambda image: _thumbnail(image, most), images))


def _thumbnail(image: Path | NDArray[np.uint8], most: int) -> bytes:
    """Return an image as JPEG, in the largest of `SIDES` that takes no more than `most` bytes."""
    if isinstance(image, Path):
        picture = open_image(image, SIDES[0])
    else:
        picture = Image.fromarray(image.transpose(1, 2, 0))
    content = b""
    for side in SIDES:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
        content = buffer.getvalue()
        if len(content) <= most:
            break
    return content
