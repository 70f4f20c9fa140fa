"""CIFAR-100 (Krizhevsky 2009): 60,000 photographs of 32 x 32 pixels in 100 classes."""

from pathlib import Path

from ntkcpl.datasets import Dataset

NEEDS_ROOT = (
    "the folder cifar-100-python from cifar-100-python.tar.gz "
    "(https://www.cs.toronto.edu/~kriz/cifar.html)"
)
POOL_SIZE, TEST_SIZE = 50_000, 10_000
IN_FILES = False


def load(root: Path | None, download: bool) -> Dataset:
    """Return the training images as pool and the test images; raises DatasetError."""
    from torchvision.datasets import CIFAR100

    from ntkcpl.datasets._torchvision import load_cifar

    return load_cifar("cifar100", CIFAR100, NEEDS_ROOT, root, download)
