"""Data sets whose images are files, in their official layouts."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.datasets import (
    DatasetError,
    DatasetSettings,
    imagefolder,
    imagenet100,
    load,
    load_images,
    pets,
    pool_size,
)
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import build
from ntkcpl.features import FeatureSettings, ViewSettings, extract_features


def picture(path: Path, level: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 10), (level, 0, 255 - level)).save(path)


def folder_of_classes(root: Path, number: int = 10) -> None:
    for label, name in enumerate(("cat", "dog", "owl")):
        for i in range(number):
            picture(root / name / ("deep/er" if i % 2 else "") / f"{i}.png", 100 * label + i)


def test_subfolders_are_classes_and_a_fifth_of_each_is_the_test_set(tmp_path: Path):
    folder_of_classes(tmp_path)
    settings = DatasetSettings(name="imagefolder", root=str(tmp_path), image_size=8)
    dataset, again = load(settings), load(settings)
    assert dataset.classes == ["cat", "dog", "owl"]
    assert np.bincount(dataset.pool.label).tolist() == [8, 8, 8]
    assert np.bincount(dataset.test.label).tolist() == [2, 2, 2]
    assert dataset.pool.images.shape == (24, 3, 8, 8)
    assert dataset.test.id == again.test.id
    assert len(set(dataset.pool.id + dataset.test.id)) == 30
    pool = dataset.pool
    for name, label, image in zip(pool.id, pool.label, pool.images[:], strict=True):
        assert name.split("/")[0] == dataset.classes[label]
        assert (image[0] == 100 * label + int(Path(name).stem)).all()


def test_folders_train_and_test_are_kept_apart(tmp_path: Path):
    folder_of_classes(tmp_path / "train", 3)
    folder_of_classes(tmp_path / "test", 2)
    dataset = load(DatasetSettings(name="imagefolder", root=str(tmp_path)))
    assert (len(dataset.pool.id), len(dataset.test.id)) == (9, 6)
    assert dataset.pool.images.shape[2:] == (224, 224)
    picture(tmp_path / "test/fox/1.png")
    with pytest.raises(DatasetError, match="different subfolders, cat, dog, owl and cat, dog, fox"):
        load(DatasetSettings(name="imagefolder", root=str(tmp_path)))


def test_images_without_subfolders_have_no_labels(tmp_path: Path):
    for i in range(10):
        picture(tmp_path / f"{i}.png")
    dataset = imagefolder.load(tmp_path, download=False)
    assert dataset.classes == []
    assert set(dataset.pool.label) == {-1}
    assert (len(dataset.pool.id), len(dataset.test.id)) == (10, 0)
    assert pool_size(DatasetSettings(name="imagefolder", root=str(tmp_path))) == 10
    assert len(load(DatasetSettings(name="imagefolder", root=str(tmp_path))).pool.id) == 10
    picture(tmp_path / "cat/1.png")
    with pytest.raises(DatasetError, match=r"both in subfolders and beside them \(0\.png\)"):
        imagefolder.load(tmp_path, download=False)


def test_subfolders_are_ignored_where_people_label(tmp_path: Path):
    folder_of_classes(tmp_path)
    picture(tmp_path / "beside.png")
    settings = DatasetSettings(name="imagefolder", root=str(tmp_path), subfolders="ignored")
    dataset = load(settings)
    assert dataset.classes == []
    assert set(dataset.pool.label) == {-1}
    assert (len(dataset.pool.id), len(dataset.test.id)) == (31, 0)
    assert {"beside.png", "cat/0.png"} <= set(dataset.pool.id)
    assert pool_size(settings) == 31
    with pytest.raises(ValueError, match="digits has no subfolders to ignore: take imagefolder"):
        DatasetSettings(name="digits", subfolders="ignored")


def test_a_folder_without_images_says_what_to_put_there(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"finds no image below .*: put there images"):
        load(DatasetSettings(name="imagefolder", root=str(tmp_path)))


def test_classes_too_small_for_a_test_set_are_refused(tmp_path: Path):
    folder_of_classes(tmp_path, 2)
    with pytest.raises(DatasetError, match="the test of data set imagefolder is empty"):
        load(DatasetSettings(name="imagefolder", root=str(tmp_path)))


def test_broken_images_are_refused_or_skipped_and_listed(tmp_path: Path, monkeypatch):
    folder_of_classes(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("cat/0.png", "dog/2.png"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:40])
    settings = {"name": "imagefolder", "root": ".", "image_size": 8}
    with pytest.raises(DatasetError) as caught:
        load(DatasetSettings(**settings))
    message = str(caught.value)
    assert message.startswith("2 of the 30 images of imagefolder cannot be decoded: ")
    assert all(f"{name} (" in message for name in ("cat/0.png", "dog/2.png"))
    assert message.endswith("mend or remove them, or set on_bad_image: skip")
    dataset = load(DatasetSettings(**settings, on_bad_image="skip"))
    assert len(dataset.pool.id) + len(dataset.test.id) == 28
    assert not {"cat/0.png", "dog/2.png"} & set(dataset.pool.id + dataset.test.id)
    assert set(dataset.skipped) == {"cat/0.png", "dog/2.png"}
    assert len(dataset.pool.images) == len(dataset.pool.label) == len(dataset.pool.id)
    assert dataset.pool.images[:].shape[1:] == (3, 8, 8)
    for path in tmp_path.rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(DatasetError, match="no image of imagefolder is left that can be decoded"):
        load(DatasetSettings(**settings, on_bad_image="skip"))


def test_some_images_are_loaded_without_a_look_at_the_others(tmp_path: Path):
    folder_of_classes(tmp_path)
    settings = DatasetSettings(name="imagefolder", root=str(tmp_path), image_size=8)
    pool = load(settings).pool
    (tmp_path / pool.id[3]).write_bytes(b"broken since")
    some = load_images(settings, [pool.id[7], pool.id[1]])
    assert some.id == [pool.id[7], pool.id[1]]
    np.testing.assert_array_equal(some.label, pool.label[[7, 1]])
    np.testing.assert_array_equal(some.images[:], pool.images[np.array([7, 1])])
    (tmp_path / pool.id[7]).unlink()
    with pytest.raises(DatasetError, match=f"no longer holds the image {pool.id[7]}: put it back"):
        load_images(settings, [pool.id[1], pool.id[7]])


def test_features_of_files_are_those_of_their_pixels(tmp_path: Path):
    folder_of_classes(tmp_path / "images")
    (tmp_path / "images/owl/4.png").write_bytes(b"")
    settings = {"name": "imagefolder", "root": str(tmp_path / "images"), "image_size": 8}
    dataset = load(DatasetSettings(**settings, on_bad_image="skip"))
    torch.manual_seed(0)
    encoder = build(EncoderSettings(width=1 / 8)).eval()
    recipe = FeatureSettings(views=2, view=ViewSettings(padding=2), batch_size=5)
    path = tmp_path / "features.h5"
    extract_features(path, dataset, encoder, recipe, Provenance("{}", {}, ()), progress=False)
    with h5py.File(path) as file, torch.no_grad():
        expected = encoder(torch.from_numpy(dataset.pool.images[:]))
        np.testing.assert_allclose(file["pool/embedding"][:], expected, atol=1e-5)
        assert file["pool/views"].shape == (len(dataset.pool.id), 2, 64)
        assert list(json.loads(file.attrs["skipped"])) == [str(tmp_path / "images/owl/4.png")]


def write_pets(root: Path) -> None:
    """Three images of two breeds in the layout of the official archives."""
    base = root / "oxford-iiit-pet"
    (base / "annotations").mkdir(parents=True)
    lists = {"trainval": ["Abyssinian_1 1 1 1", "beagle_7 2 2 1"], "test": ["beagle_8 2 2 1"]}
    for part, lines in lists.items():
        (base / f"annotations/{part}.txt").write_text("\n".join(lines))
        for line in lines:
            picture(base / f"images/{line.split()[0]}.jpg")


def test_pets_are_read_from_their_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_pets(tmp_path)
    monkeypatch.chdir(tmp_path)  # the sentence is cut where a path makes it too long
    dataset = pets.load(tmp_path, download=False)
    assert dataset.pool.id == ["Abyssinian_1.jpg", "beagle_7.jpg"]
    assert dataset.pool.label.tolist() == [0, 1]
    assert dataset.test.label.tolist() == [1]
    assert dataset.classes == ["Abyssinian", "Beagle"]
    with pytest.raises(DatasetError, match="pool of data set pets holds 2 images, expected 3680"):
        load(DatasetSettings(name="pets", root=str(tmp_path)))
    with pytest.raises(DatasetError, match=r"pets cannot be read from .*put there .*oxford-iiit"):
        load(DatasetSettings(name="pets", root="oxford-iiit-pet"))


def test_imagenet100_takes_its_hundred_classes(tmp_path: Path):
    with pytest.raises(
        DatasetError, match=r"misses 100 of 100 folders in .*train, the first is n0"
    ):
        imagenet100.load(tmp_path, download=False)
    listed = Path(imagenet100.__file__).with_name("imagenet100_wnids.txt").read_text().split()
    assert len(set(listed)) == 100
    for part in ("train", "val"):
        for name in [*listed, "n99999999"]:
            picture(tmp_path / part / name / f"{name}_1.JPEG")
    dataset = imagenet100.load(tmp_path, download=False)
    assert len(dataset.pool.id) == len(dataset.test.id) == 100
    assert dataset.pool.label.tolist() == list(range(100))
    assert dataset.classes == sorted(listed)
    assert dataset.pool.id[0] == f"train/{dataset.classes[0]}/{dataset.classes[0]}_1.JPEG"
    with pytest.raises(DatasetError, match="imagenet100 holds 100 images, expected 128545"):
        load(DatasetSettings(name="imagenet100", root=str(tmp_path)))


def test_settings_of_files_go_with_files_only(tmp_path: Path):
    settings = DatasetSettings(name="imagefolder", root=str(tmp_path))
    assert settings.image_size == 224
    assert DatasetSettings.parse(settings.canonical()) == settings
    for values in ({"image_size": 32}, {"on_bad_image": "skip"}):
        with pytest.raises(ValidationError, match="takes neither image_size nor on_bad_image"):
            DatasetSettings(name="digits", **values)
