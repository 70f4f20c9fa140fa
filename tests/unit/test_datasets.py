import os
import pickle
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.io import savemat

from ntkcpl import datasets
from ntkcpl.datasets import (
    DatasetError,
    DatasetSettings,
    Split,
    _fault,
    cifar100,
    load,
    names,
    pool_size,
    svhn,
)

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


def write_cifar100(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write 6 pool and 4 test images in the layout of cifar-100-python.tar.gz."""
    from torchvision.datasets import CIFAR100

    folder = root / "cifar-100-python"
    folder.mkdir(parents=True)
    pixels = np.arange(6 * 3072, dtype=np.uint64).reshape(6, 3072).astype(np.uint8)
    labels = [99, 3, 0, 7, 7, 50]
    files = {
        "train": {"data": pixels, "fine_labels": labels, "coarse_labels": [0] * 6},
        "test": {"data": pixels[:4], "fine_labels": labels[:4], "coarse_labels": [0] * 4},
        "meta": {"fine_label_names": [f"class {i}" for i in range(100)]},
    }
    for name, content in files.items():
        (folder / name).write_bytes(pickle.dumps(content))
    # torchvision reads no other files than the official ones.
    digest = {name: md5((folder / name).read_bytes()).hexdigest() for name in files}
    monkeypatch.setattr(CIFAR100, "train_list", [["train", digest["train"]]])
    monkeypatch.setattr(CIFAR100, "test_list", [["test", digest["test"]]])
    monkeypatch.setattr(CIFAR100, "meta", CIFAR100.meta | {"md5": digest["meta"]})


def test_cifar100_is_read_from_its_pickles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_cifar100(tmp_path, monkeypatch)
    dataset = cifar100.load(tmp_path, download=False)
    assert dataset.pool.images.shape == (6, 3, 32, 32)
    # A row holds all red pixels, then all green, then all blue.
    assert dataset.pool.images[1, 2, 0, 5] == (3072 + 2048 + 5) % 256
    assert dataset.pool.label.tolist() == [99, 3, 0, 7, 7, 50]
    assert dataset.test.id == ["test/0", "test/1", "test/2", "test/3"]
    assert dataset.classes[99] == "class 99"
    with pytest.raises(DatasetError, match="pool of data set cifar100 holds 6 images, expected 50"):
        load(DatasetSettings(name="cifar100", root=str(tmp_path)))


def write_svhn(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write 5 pool and 3 test images in the layout of the official MATLAB files."""
    from torchvision.datasets import SVHN

    digest = dict(SVHN.split_list)
    for part, labels in (("train", [10, 1, 2, 9, 10]), ("test", [3, 10, 1])):
        number = np.arange(len(labels), dtype=np.uint8)
        images = np.broadcast_to(number, (32, 32, 3, len(labels))).copy()
        images[4, 5, 2] = 200
        file = root / f"{part}_32x32.mat"
        savemat(file, {"X": images, "y": np.array(labels, np.uint8)[:, None]})
        digest[part] = ["", file.name, md5(file.read_bytes()).hexdigest()]
    monkeypatch.setattr(SVHN, "split_list", digest)


def test_svhn_is_read_from_its_matlab_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_svhn(tmp_path, monkeypatch)
    dataset = svhn.load(tmp_path, download=False)
    assert dataset.pool.images.shape == (5, 3, 32, 32)
    assert dataset.pool.images[3, 0, 0, 0] == 3  # the fourth image
    assert dataset.pool.images[3, 2, 4, 5] == 200  # channel, row, column
    assert dataset.pool.label.tolist() == [0, 1, 2, 9, 0]  # the files call the digit 0 ten
    assert dataset.test.label.tolist() == [3, 0, 1]
    with pytest.raises(DatasetError, match="pool of data set svhn holds 5 images, expected 73257"):
        load(DatasetSettings(name="svhn", root=str(tmp_path)))


@pytest.mark.parametrize(
    ("name", "file"),
    [("cifar10", "cifar-10-batches-py"), ("cifar100", "cifar-100-python"), ("svhn", "train_32x32")],
)
def test_an_empty_folder_says_what_to_put_there(tmp_path: Path, name: str, file: str):
    with pytest.raises(DatasetError, match=rf"{name} cannot be read from .*put there .*{file}"):
        load(DatasetSettings(name=name, root=str(tmp_path)))


def test_damaged_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_svhn(tmp_path, monkeypatch)
    with (tmp_path / "test_32x32.mat").open("ab") as file:
        file.write(b"more")
    with pytest.raises(DatasetError, match=r"svhn cannot be read from .*corrupted"):
        load(DatasetSettings(name="svhn", root=str(tmp_path)))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "digit"}, "there is no data set 'digit'; the data sets are cifar10, cifar100, "),
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


SQUARES = """
import numpy as np
from ntkcpl.datasets import Dataset, Split

NEEDS_ROOT, IN_FILES = "", False
POOL_SIZE = TEST_SIZE = 2


def load(root, download):
    images = np.full((2, 3, 8, 8), [[[[0]]], [[[255]]]], np.uint8)
    split = Split(images, np.arange(2), ["0", "1"])
    return Dataset(split, split, ["dark", "light"])
"""


def test_a_data_set_is_a_file_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "squares.py").write_text(SQUARES)
    (tmp_path / "_helper.py").write_text("")
    known = names()
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path)])
    assert set(names()) - set(known) == {"squares"}
    settings = DatasetSettings(name="squares")
    assert pool_size(settings) == 2
    assert load(settings).classes == ["dark", "light"]


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
        (Split(IMAGES[:0], LABEL[:0], []), "holds 0 images, expected 2"),
        (Split(IMAGES[:1], LABEL[:1], ["a"]), "holds 1 images, expected 2"),
    ],
)
def test_what_a_data_set_returns_is_checked(split: Split, fault: str):
    found = _fault(split, n_classes=2, size=2)
    assert found.startswith(fault) and bool(found) == bool(fault)
