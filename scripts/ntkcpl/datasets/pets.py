"""Oxford-IIIT Pet (Parkhi et al. 2012): photographs of cats and dogs of 37 breeds."""

from pathlib import Path
from typing import Any

import numpy as np

from ntkcpl.datasets import Dataset, Split

NEEDS_ROOT = (
    "the folder oxford-iiit-pet with images and annotations, from images.tar.gz and "
    "annotations.tar.gz (https://www.robots.ox.ac.uk/~vgg/data/pets)"
)
POOL_SIZE, TEST_SIZE = 3_680, 3_669
IN_FILES = True


def load(root: Path | None, download: bool) -> Dataset:
    """Return the trainval images as pool and the test images; raises DatasetError."""
    from torchvision.datasets import OxfordIIITPet

    from ntkcpl.datasets._torchvision import reading

    with reading("pets", NEEDS_ROOT, root):
        pool = OxfordIIITPet(str(root), split="trainval", download=download)
        test = OxfordIIITPet(str(root), split="test", download=download)
    return Dataset(_split(pool), _split(test), list(pool.classes))


def _split(part: Any) -> Split:
    from ntkcpl.image_files import ImageFiles

    paths = list(part._images)
    label = np.array(part._labels, dtype=np.int64)
    return Split(ImageFiles(paths, 0), label, [path.name for path in paths])
