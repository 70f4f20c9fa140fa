"""ImageNet-100: 100 classes of ImageNet (Deng et al. 2009), those of Van Gansbeke et al. 2020."""

from importlib.resources import files
from pathlib import Path

import numpy as np

from ntkcpl.datasets import Dataset, DatasetError, Split

NEEDS_ROOT = "the folders train and val of ImageNet (ILSVRC 2012), a subfolder for each WordNet id"
POOL_SIZE, TEST_SIZE = 128_545, 5_000
IN_FILES = True


def load(root: Path | None, download: bool) -> Dataset:
    """Return the training images as pool and the validation images as test set.

    Raises
    ------
    DatasetError
        If a class is missing; ImageNet cannot be downloaded.
    """
    assert root is not None
    listed = files("ntkcpl.datasets").joinpath("imagenet100_wnids.txt").read_text()
    classes = sorted(listed.split())
    return Dataset(_split(root / "train", classes), _split(root / "val", classes), classes)


def _split(folder: Path, classes: list[str]) -> Split:
    from ntkcpl.datasets._folders import find_images
    from ntkcpl.image_files import ImageFiles

    missing = [name for name in classes if not (folder / name).is_dir()]
    if missing:
        raise DatasetError(
            f"imagenet100 misses {len(missing)} of {len(classes)} folders in {folder}, the first "
            f"is {missing[0]}: root must hold {NEEDS_ROOT}"
        )
    found = [find_images(folder / name) for name in classes]
    paths = [path for part in found for path in part]
    label = np.repeat(np.arange(len(classes)), [len(part) for part in found])
    ids = [path.relative_to(folder.parent).as_posix() for path in paths]
    return Split(ImageFiles(paths, 0), label, ids)
