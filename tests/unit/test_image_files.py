"""Images in files: every kind comes out as uint8 RGB, upright, and broken ones are named."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ntkcpl import image_files
from ntkcpl.datasets import DatasetError
from ntkcpl.datasets._folders import find_images
from ntkcpl.image_files import ImageFiles, batches, read_image

# Left half red, right half blue, 40 x 20 pixels; grey as PIL makes it of them.
RED, BLUE = (200, 10, 10), (10, 10, 200)


def picture() -> Image.Image:
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20], pixels[:, 20:] = RED, BLUE
    return Image.fromarray(pixels)


def halves(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colours of the left and the right third."""
    third = image.shape[2] // 3
    return image[:, :, :third].mean(axis=(1, 2)), image[:, :, -third:].mean(axis=(1, 2))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "bmp"])
def test_formats(tmp_path: Path, suffix: str):
    path = tmp_path / f"image.{suffix}"
    picture().save(path, **({"quality": 100} if suffix in ("jpg", "webp") else {}))
    image = read_image(path, 16)
    assert image.shape == (3, 16, 16)
    assert image.dtype == np.uint8
    left, right = halves(image)
    np.testing.assert_allclose(left, RED, atol=25)
    np.testing.assert_allclose(right, BLUE, atol=25)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "1"])
def test_modes(tmp_path: Path, mode: str):
    path = tmp_path / ("image.tif" if mode == "CMYK" else "image.png")
    image = picture().convert(mode)
    image.save(path)
    expected = np.asarray(image.convert("RGB").resize((8, 8)).convert("RGB"))
    found = read_image(path, 8)
    assert found.shape == (3, 8, 8)
    left, _ = halves(found)
    np.testing.assert_allclose(left, expected[:, :2].mean(axis=(0, 1)), atol=60)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path, suffix: str):
    path = tmp_path / f"grey.{suffix}"
    pixels = np.full((16, 16), 65_535, np.uint16)
    pixels[:, :8] = 257 * 100
    Image.fromarray(pixels).save(path)
    left, right = halves(read_image(path, 16))
    np.testing.assert_allclose(left, 100, atol=1)
    np.testing.assert_allclose(right, 255, atol=1)


def test_images_stand_upright_as_their_exif_data_say(tmp_path: Path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down: left and right change places
    picture().save(path, exif=exif, quality=100)
    left, right = halves(read_image(path, 16))
    assert left[2] > left[0] and right[0] > right[2]


def test_the_shorter_side_fits_and_the_centre_is_cut_out(tmp_path: Path):
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    assert read_image(tmp_path / "wide.png", 10).min() == 255
    # Small images are enlarged.
    assert read_image(tmp_path / "wide.png", 20).shape == (3, 20, 20)


def test_files_behave_like_an_array(tmp_path: Path):
    rng = np.random.default_rng(0)
    for number in range(7):
        pixels = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    files = ImageFiles(find_images(tmp_path), 12)
    everything = files[:]
    assert everything.shape == files.shape == (7, 3, 12, 12)
    assert (everything.ndim, everything.dtype) == (files.ndim, files.dtype)
    np.testing.assert_array_equal(files[2:4], everything[2:4])
    for images in (files, everything):
        parts = list(batches(images, 3))
        assert [len(batch) for _, batch in parts] == [3, 3, 1]
        np.testing.assert_array_equal(np.concatenate([batch for _, batch in parts]), everything)
        assert all((everything[rows] == batch).all() for rows, batch in parts)


def test_images_are_found_below_and_hidden_ones_are_not(tmp_path: Path):
    for name in ("b/2.PNG", "b/deep/1.jpeg", "a.webp", ".hidden/3.png", "notes.txt", "b/.4.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path)]
    assert found == ["a.webp", "b/2.PNG", "b/deep/1.jpeg"]


def test_broken_files_are_named_with_the_reason(tmp_path: Path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for name in ("0.jpg", "1.jpg", "2.png", "3.png", "4.tif"):
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "1.jpg").write_bytes((tmp_path / "1.jpg").read_bytes()[:-900])
    (tmp_path / "2.png").write_bytes(b"")
    (tmp_path / "3.png").write_text("no image")
    Image.fromarray(np.ones((8, 8), np.float32)).save(tmp_path / "4.tif")
    broken = ImageFiles(find_images(tmp_path), 8).broken()
    assert sorted(broken) == [1, 2, 3, 4]
    assert "truncated" in broken[1]
    assert "cannot identify" in broken[2]
    assert "fractions" in broken[4]


def test_only_the_formats_that_are_named_are_looked_for(tmp_path: Path):
    picture().save(tmp_path / "0.gif")
    picture().save(tmp_path / "1.eps")
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_suffix(".jpg"))
    broken = ImageFiles(find_images(tmp_path), 8).broken()
    assert sorted(broken) == [0, 1]
    assert all("cannot identify" in reason for reason in broken.values())


def test_every_error_of_a_decoder_is_a_broken_image(tmp_path: Path):
    for row in range(40):  # bytes at random in the header and the first block
        rng = np.random.default_rng(row)
        suffix = ("png", "tif", "webp", "bmp", "jpg")[row % 5]
        picture().save(path := tmp_path / f"{row:02}.{suffix}")
        content = bytearray(path.read_bytes())
        for place in rng.integers(0, min(len(content), 120), 8):
            content[place] = rng.integers(256)
        path.write_bytes(content)
    broken = ImageFiles(find_images(tmp_path), 8).broken()
    assert 20 < len(broken) < 40
    assert all(broken.values())


def test_an_image_of_too_many_pixels_is_refused_and_large_ones_wait(tmp_path: Path, monkeypatch):
    for row in range(4):
        picture().save(tmp_path / f"{row}.png")
    files = ImageFiles(find_images(tmp_path), 8)
    expected = files[:]
    monkeypatch.setattr(image_files, "PIXELS", 800)  # so each is more than a reader's share
    monkeypatch.setattr(image_files, "READERS", 2)
    np.testing.assert_array_equal(files[:], expected)
    monkeypatch.setattr(image_files, "PIXELS", 799)
    assert "800 pixels, more than 799" in files.broken()[0]


def test_folders_that_would_vanish_are_said(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "all" / "cat").mkdir(parents=True)
    (tmp_path / "all" / "dog").symlink_to(tmp_path / "real")
    with pytest.raises(DatasetError, match="all/dog is a link to a folder"):
        find_images(tmp_path / "all")
    with pytest.raises(DatasetError, match="nothing cannot be read"):
        find_images(tmp_path / "nothing")


def test_a_pipe_is_a_broken_image(tmp_path: Path):
    os.mkfifo(tmp_path / "a.png")
    assert ImageFiles(find_images(tmp_path), 32).broken() == {0: "it is no file"}
