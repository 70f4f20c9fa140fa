"""scikit-learn's handwritten digits: 1,797 real images of 8 x 8 pixels, shipped with it."""

from pathlib import Path

import numpy as np

from ntkcpl.datasets import Dataset, Split
from ntkcpl.seeding import seed_of

NEEDS_ROOT = ""
POOL_SIZE, TEST_SIZE = 1_297, 500
IN_FILES = False


def load(root: Path | None = None, download: bool = False) -> Dataset:
    """Return 1,297 pool and 500 test images (uint8 RGB, 8 x 8), a fixed stratified split."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    grey, label = load_digits(return_X_y=True)  # grey levels 0 to 16
    pixels = np.round(grey * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    images = np.repeat(pixels, 3, axis=1)
    pool, test = train_test_split(
        np.arange(len(label)),
        test_size=TEST_SIZE,
        stratify=label,
        random_state=seed_of("digits", "split") % 2**32,
    )

    def split(index: np.ndarray) -> Split:
        index = np.sort(index)
        ids = [str(i) for i in index]
        return Split(images[index], label[index].astype(np.int64), ids)

    return Dataset(split(pool), split(test), [str(digit) for digit in range(10)])
