"""CIFAR-10 (Krizhevsky 2009): 60,000 photographs of 32 x 32 pixels in 10 classes."""

from pathlib import Path

import numpy as np

from ntkcpl.datasets import Dataset, DatasetError, Split

NEEDS_ROOT = (
    "the folder cifar-10-batches-py from cifar-10-python.tar.gz "
    "(https://www.cs.toronto.edu/~kriz/cifar.html)"
)
POOL_SIZE = 50_000


def load(root: Path | None, download: bool) -> Dataset:
    """Return the training images as pool and the test images (uint8 RGB, 32 x 32).

    Raises
    ------
    DatasetError
        If `root` lacks the files, or if they are damaged.
    """
    if root is None:
        raise DatasetError(f"cifar10 needs root, a folder that holds {NEEDS_ROOT}")
    pool, classes = _split(root, "train", download)
    test, _ = _split(root, "test", download)
    return Dataset(pool, test, classes)


def _split(root: Path, part: str, download: bool) -> tuple[Split, list[str]]:
    from torchvision.datasets import CIFAR10

    try:
        data = CIFAR10(str(root), train=part == "train", download=download)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise DatasetError(
            f"cifar10 cannot be read from {root} ({error}): put there {NEEDS_ROOT}"
        ) from error
    images = np.ascontiguousarray(data.data.transpose(0, 3, 1, 2))
    label = np.array(data.targets, dtype=np.int64)
    return Split(images, label, [f"{part}/{i}" for i in range(len(images))]), list(data.classes)
