import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from ntkcpl.datasets import DatasetError, DatasetSettings, Split, _fault, load, names, pool_size

DATA = os.environ.get("NTKCPL_DATA")


def test_digits_have_the_stated_shape_and_never_change():
    settings = DatasetSettings(name="digits")
    dataset, again = load(settings), load(settings)
    assert dataset.pool.images.shape == (1297, 3, 8, 8) == (pool_size(settings), 3, 8, 8)
    assert dataset.test.images.shape == (500, 3, 8, 8)
    assert dataset.pool.images.dtype == np.uint8
    assert (dataset.pool.images.min(), dataset.pool.images.max()) == (0, 255)
    assert dataset.classes == [str(digit) for digit in range(10)]
    assert dataset.pool.id == again.pool.id
    # Stratified: 1,797 digits have 174 to 183 of each class.
    assert np.bincount(dataset.test.label).min() >= 48
    assert np.bincount(dataset.test.label).max() <= 51


def test_digits_are_each_in_one_split_under_their_own_index():
    from sklearn.datasets import load_digits

    dataset = load(DatasetSettings(name="digits"))
    both = dataset.pool.id + dataset.test.id
    assert sorted(map(int, both)) == list(range(1797))
    grey, label = load_digits(return_X_y=True)
    index = np.array(dataset.pool.id, dtype=int)
    np.testing.assert_array_equal(dataset.pool.label, label[index])
    scaled = dataset.pool.images[:, 1].reshape(-1, 64) / (255 / 16)
    np.testing.assert_allclose(scaled, grey[index], atol=0.04)


@pytest.mark.skipif(DATA is None, reason="NTKCPL_DATA names no folder with cifar-10-batches-py")
def test_cifar10_has_the_stated_shape():
    dataset = load(DatasetSettings(name="cifar10", root=DATA))
    assert dataset.pool.images.shape == (50_000, 3, 32, 32)
    assert dataset.test.images.shape == (10_000, 3, 32, 32)
    assert set(np.bincount(dataset.pool.label)) == {5_000}
    assert set(np.bincount(dataset.test.label)) == {1_000}
    assert dataset.classes[0] == "airplane" and dataset.pool.id[0] == "train/0"
    # The first training image is a frog, brownish: more red than blue.
    assert dataset.classes[dataset.pool.label[0]] == "frog"
    red, _, blue = dataset.pool.images[0].mean(axis=(1, 2))
    assert red > blue


def test_cifar10_in_an_empty_folder_says_what_to_put_there(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"cannot be read from .*put there .*cifar-10-batches"):
        load(DatasetSettings(name="cifar10", root=str(tmp_path)))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "digit"}, "there is no data set 'digit'; the data sets are cifar10, digits"),
        ({"name": "digits", "root": "."}, "digits takes neither root nor download: leave them out"),
        ({"name": "cifar10"}, "cifar10 needs root, a folder that holds the folder cifar-10-batch"),
        ({"name": "cifar10", "root": "/nowhere"}, "root /nowhere is no folder: make it and put in"),
    ],
)
def test_bad_settings_say_what_is_allowed(values: dict[str, str], sentence: str):
    with pytest.raises(ValidationError) as caught:
        DatasetSettings(**values)
    (error,) = caught.value.errors()
    assert error["msg"].startswith(f"Value error, {sentence}")


def test_a_missing_root_is_allowed_where_it_is_to_be_downloaded(tmp_path: Path):
    settings = DatasetSettings(name="cifar10", root=str(tmp_path / "new"), download=True)
    assert DatasetSettings.parse(settings.canonical()) == settings


def test_names_are_the_files():
    assert {"cifar10", "digits"} <= set(names())


IMAGES = np.zeros((2, 3, 8, 8), np.uint8)
LABEL = np.array([0, -1])


@pytest.mark.parametrize(
    ("split", "fault"),
    [
        (Split(IMAGES, LABEL, ["a", "b"]), ""),
        (Split(IMAGES.astype(float), LABEL, ["a", "b"]), "has images float64"),
        (Split(IMAGES, LABEL[:1], ["a", "b"]), "has labels int64(1,)"),
        (Split(IMAGES, np.array([0, 2]), ["a", "b"]), "has labels outside -1 to 1"),
        (Split(IMAGES, LABEL, ["a", "a"]), "needs 2 different ids"),
        (Split(IMAGES[:0], LABEL[:0], []), "is empty"),
    ],
)
def test_what_a_data_set_returns_is_checked(split: Split, fault: str):
    found = _fault(split, n_classes=2)
    assert found.startswith(fault) and bool(found) == bool(fault)
