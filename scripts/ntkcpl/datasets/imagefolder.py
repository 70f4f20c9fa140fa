"""Any folder of images, nested or not, with a subfolder for each class or without labels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ntkcpl.datasets import Dataset, DatasetError, Split
from ntkcpl.seeding import numpy_generator

NEEDS_ROOT = (
    "images, in a subfolder for each class or without labels; or such folders train and test"
)
POOL_SIZE = TEST_SIZE = None
IN_FILES = True
TEST_SHARE = 0.2


def load(root: Path | None, download: bool) -> Dataset:
    """Return the images below `root/train` and `root/test`, or else a split of those below `root`.

    A fifth of each class is then the test set, always the same. The classes are the subfolders. If
    there are none, all images are without labels, and in the pool.

    Raises
    ------
    DatasetError
        If there are no images, or if some lie beside the subfolders.
    """
    assert root is not None
    if (root / "train").is_dir() and (root / "test").is_dir():
        pool, classes = _split(root / "train")
        test, test_classes = _split(root / "test")
        if classes != test_classes:
            raise DatasetError(
                f"{root}: train and test have different subfolders, {', '.join(classes)} and "
                f"{', '.join(test_classes)}: the classes must be the same"
            )
        return Dataset(pool, test, classes)
    everything, classes = _split(root)
    if not classes:
        nothing = np.zeros(len(everything.id), dtype=np.bool_)
        return Dataset(everything, everything.rows(nothing), classes)
    rng = numpy_generator("imagefolder", "split")
    held_out = []
    for label in np.unique(everything.label):
        rows = rng.permutation(np.flatnonzero(everything.label == label))
        held_out.append(rows[: round(TEST_SHARE * len(rows))])
    in_test = np.isin(np.arange(len(everything.id)), np.concatenate(held_out))
    return Dataset(everything.rows(~in_test), everything.rows(in_test), classes)


def load_pool(root: Path | None) -> Dataset:
    """Return all images below `root`, in subfolders or not, as a pool without labels.

    Raises
    ------
    DatasetError
        If there are none.
    """
    assert root is not None
    names = _names(root)
    label = np.full(len(names), -1, dtype=np.int64)
    pool = _files(root, names, label)
    return Dataset(pool, pool.rows(np.zeros(len(names), dtype=np.bool_)), [])


def count_pool(root: Path | None) -> int:
    """Return the number of images in the pool; raises DatasetError as `load` does."""
    return len(load(root, download=False).pool.id)


def _split(folder: Path) -> tuple[Split, list[str]]:
    """Return all images below a folder, and the names of its classes."""
    names = _names(folder)
    beside = [name for name in names if len(name.parts) == 1]
    if 0 < len(beside) < len(names):
        raise DatasetError(
            f"imagefolder finds images in {folder} both in subfolders and beside them "
            f"({beside[0]}): subfolders are classes, so move each image into one, or all out"
        )
    classes = sorted({name.parts[0] for name in names} if not beside else set())
    numbers = {name: number for number, name in enumerate(classes)}
    label = np.array([numbers.get(name.parts[0], -1) for name in names], dtype=np.int64)
    return _files(folder, names, label), classes


def _names(folder: Path) -> list[Path]:
    """Return the images below a folder, relative to it."""
    from ntkcpl.datasets._folders import find_images

    names = [path.relative_to(folder) for path in find_images(folder)]
    if not names:
        raise DatasetError(f"imagefolder finds no image below {folder}: put there {NEEDS_ROOT}")
    return names


def _files(folder: Path, names: list[Path], label: NDArray[np.int64]) -> Split:
    from ntkcpl.image_files import ImageFiles

    paths = [folder / name for name in names]
    return Split(ImageFiles(paths, 0), label, [name.as_posix() for name in names])
