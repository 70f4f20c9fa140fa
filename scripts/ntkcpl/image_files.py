"""Images in files, decoded when they are asked for; looks like an array of all of them."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ntkcpl.refusal import Refusal

EXTENSIONS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
# What is looked for in these files, and nothing else: Pillow would start Ghostscript for an EPS.
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
PIXELS = 2**27  # of an image at most, and of all that are decoded at a time: some 2 GB
READERS = os.cpu_count() or 1  # threads
_one_large = Lock()


class BadImageError(Refusal):
    """An image cannot be decoded; the message is one sentence naming the file and the fix.

    Attributes
    ----------
    reason
        In words, without the file's name.
    """

    def __init__(self, path: Path, error: Exception):
        words = " ".join(str(error).replace(str(path), "file").split())
        self.reason = words or type(error).__name__
        super().__init__(f"{path} cannot be decoded ({self.reason}): mend it or take it away")


@dataclass(frozen=True)
class ImageFiles:
    """Behaves like a uint8 array (N, 3, size, size) of which parts are decoded.

    The shorter side is resized to `size` (bicubic, antialiased) and the centre is cut out.
    Threads decode side by side; how many does not change what comes out.

    Attributes
    ----------
    paths
        The files, N of them.
    size
        Height and width of the images that come out, in pixels.
    """

    paths: Sequence[Path]
    size: int

    ndim = 4
    dtype = np.dtype(np.uint8)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, 3, size, size)."""
        return (len(self.paths), 3, self.size, self.size)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the images of some rows, uint8 (B, 3, size, size)."""
        paths = self.paths_of(rows)
        images = np.empty((len(paths), *self.shape[1:]), dtype=np.uint8)
        with ThreadPoolExecutor(READERS) as readers:
            for row, image in enumerate(readers.map(lambda p: read_image(p, self.size), paths)):
                images[row] = image
        return images

    def paths_of(self, rows: slice | NDArray[np.int64]) -> Sequence[Path]:
        """Return the files of some rows."""
        return self.paths[rows] if isinstance(rows, slice) else [self.paths[r] for r in rows]

    def broken(self) -> dict[int, str]:
        """Decode every file, and return the rows of those that cannot be, with the reason."""
        with ThreadPoolExecutor(READERS) as readers:
            reasons = readers.map(_fault, self.paths)
            return {row: reason for row, reason in enumerate(reasons) if reason}


def rows_of(
    images: NDArray[np.uint8] | ImageFiles, rows: slice | NDArray[np.int64]
) -> NDArray[np.uint8] | ImageFiles:
    """Return some rows of images; of files, without decoding them."""
    if isinstance(images, ImageFiles):
        return replace(images, paths=images.paths_of(rows))
    return images[rows]


def batches(
    images: NDArray[np.uint8] | ImageFiles, size: int
) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Yield the rows of each batch and its images; meanwhile, the next is decoded."""
    parts = [slice(start, start + size) for start in range(0, len(images), size)]
    with ThreadPoolExecutor(1) as reader:
        following = [reader.submit(images.__getitem__, rows) for rows in parts[:1]]
        for rows, after in zip(parts, [*parts[1:], None], strict=True):
            batch = following.pop().result()
            if after is not None:
                following.append(reader.submit(images.__getitem__, after))
            yield rows, batch


def read_image(path: Path, size: int) -> NDArray[np.uint8]:
    """Return an image as uint8 RGB (3, size, size), upright as its EXIF data say.

    Grey images get three equal channels, 16 bits become 8, transparency is dropped, and of several
    frames the first counts.

    Raises
    ------
    BadImageError
        If it cannot be decoded, or has more than `PIXELS` pixels.
    """
    image = ImageOps.fit(open_image(path, size), (size, size), Image.Resampling.BICUBIC)
    return np.asarray(image).transpose(2, 0, 1)


def open_image(path: Path, size: int) -> Image.Image:
    """Return a whole image as `read_image` understands it, at least `size` pixels wide and high.

    It is smaller only where the file's is. Raises as `read_image` does.
    """
    try:
        return _decoded(path, size)
    except Exception as error:  # as many kinds as there are decoders, and MemoryError
        raise BadImageError(path, error) from error


def _decoded(path: Path, size: int) -> Image.Image:
    if not path.is_file():  # from a pipe nothing may ever come
        raise ValueError("it is no file")
    with Image.open(path, formats=FORMATS) as file:
        # JPEGs are decoded at a fraction of their size, if that is still large enough.
        file.draft("RGB", (size, size))
        pixels = file.width * file.height
        if pixels > PIXELS:
            raise ValueError(f"it has {pixels:,} pixels, more than {PIXELS:,}: make it smaller")
        # All readers together hold no more than that; beside them, a larger one alone.
        with _one_large if pixels > PIXELS // READERS else nullcontext():
            return ImageOps.exif_transpose(_eight_bits(file)).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image of 16 bits a pixel as one of 8; others as they are."""
    if image.mode.startswith("I"):
        exif = image.getexif()
        pixels = np.asarray(image).astype(np.int64)
        if pixels.min() < 0 or pixels.max() > 65_535:
            raise ValueError("its pixels are not of 16 bits")
        image = Image.fromarray((pixels // 257).astype(np.uint8))
        image.getexif().update(exif)
    elif image.mode == "F":
        raise ValueError("its pixels are fractions, and nothing says between which numbers")
    return image


def _fault(path: Path) -> str:
    """Say why a file cannot be decoded, or nothing."""
    try:
        read_image(path, 32)
    except BadImageError as error:
        return error.reason
    return ""
