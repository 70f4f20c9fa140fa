"""What the data sets that torchvision reads as a whole have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntkcpl.datasets import Dataset, DatasetError, Split


def load_cifar(name: str, kind: Any, needs: str, root: Path | None, download: bool) -> Dataset:
    """Return CIFAR-10 or CIFAR-100, of which `kind` is torchvision's class (uint8 RGB, 32 x 32)."""
    with reading(name, needs, root):
        pool = kind(root, train=True, download=download)
        test = kind(root, train=False, download=download)
    return Dataset(
        split("train", pool.data.transpose(0, 3, 1, 2), pool.targets),
        split("test", test.data.transpose(0, 3, 1, 2), test.targets),
        list(pool.classes),
    )


@contextmanager
def reading(name: str, needs: str, root: Path | None) -> Iterator[None]:
    """Turn the errors of reading a data set into one sentence.

    Raises
    ------
    DatasetError
        If there is no `root`, if it lacks the files, or if they are damaged.
    """
    if root is None:
        raise DatasetError(f"{name} needs root, a folder that holds {needs}")
    try:
        yield
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise DatasetError(
            f"{name} cannot be read from {root} ({error}): put there {needs}"
        ) from error


def split(part: str, images: NDArray[np.uint8], label: Any) -> Split:
    """Return a split whose ids are its name and the number of each image in its file."""
    ids = [f"{part}/{i}" for i in range(len(images))]
    return Split(np.ascontiguousarray(images), np.array(label, dtype=np.int64), ids)
