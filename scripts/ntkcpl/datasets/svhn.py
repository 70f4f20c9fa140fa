"""SVHN (Netzer et al. 2011): digits of house numbers, 32 x 32 pixels, in 10 classes."""

from pathlib import Path

from ntkcpl.datasets import Dataset

NEEDS_ROOT = "the files train_32x32.mat and test_32x32.mat (http://ufldl.stanford.edu/housenumbers)"
POOL_SIZE, TEST_SIZE = 73_257, 26_032  # without the 531,131 "extra" images
IN_FILES = False


def load(root: Path | None, download: bool) -> Dataset:
    """Return the training images as pool and the test images; raises DatasetError."""
    from torchvision.datasets import SVHN

    from ntkcpl.datasets._torchvision import reading, split

    with reading("svhn", NEEDS_ROOT, root):
        pool = SVHN(str(root), split="train", download=download)
        test = SVHN(str(root), split="test", download=download)
    return Dataset(
        split("train", pool.data, pool.labels),
        split("test", test.data, test.labels),
        [str(digit) for digit in range(10)],
    )
