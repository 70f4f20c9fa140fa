import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ntkcpl.reporting.contact_sheet import GAP, MARGIN, SIDE, TITLE, Cell, contact_sheet


@pytest.fixture
def photos(tmp_path):
    """Two photos, one high and one wide, and a file that is none."""
    Image.new("RGB", (30, 60), (200, 0, 0)).save(tmp_path / "high.png")
    Image.new("RGB", (900, 300), (0, 0, 200)).save(tmp_path / "wide.png")
    (tmp_path / "broken.png").write_text("no image")
    return [tmp_path / name for name in ("high.png", "wide.png", "broken.png", "gone.png")]


def sheet(path, photos, number, heading="cat", name="a.png", title="birds"):
    cells = [Cell(photos[k % len(photos)], heading, name) for k in range(number)]
    contact_sheet(path / "sheet.png", title, cells)
    return np.asarray(Image.open(path / "sheet.png"))


def test_images_stand_in_order_with_their_proportions(tmp_path, photos):
    pixels = sheet(tmp_path, photos, 4)
    top = MARGIN + TITLE
    squares = [
        pixels[top : top + SIDE, MARGIN + k * (SIDE + GAP) :][:, :SIDE].astype(int)
        for k in range(4)
    ]
    red, blue = squares[0], squares[1]
    assert ((red[..., 0] > 190) & (red[..., 1] < 10)).mean() == pytest.approx(1 / 2, abs=0.02)
    assert ((blue[..., 2] > 190) & (blue[..., 1] < 10)).mean() == pytest.approx(1 / 3, abs=0.02)
    assert np.ptp(squares[2]) == np.ptp(squares[3]) == 0  # their places stay empty


@pytest.mark.parametrize("number", [0, 1, 20, 40, 100])
def test_it_is_of_a_tidy_shape(tmp_path, photos, number):
    height, width, _ = sheet(tmp_path, photos, number).shape
    assert 700 < width < 1600 and height < 2200
    if number >= 20:
        assert 0.6 < width / height < 1.5


def test_texts_stay_in_their_cells_whatever_they_are(tmp_path, photos):
    long, odd = "a" * 300, os.fsdecode(b"v\xf6gel\n\x00\t.png") + "名前<b>"
    # What is drawn between the cells, and right of the last one: nothing.
    for heading, name in ((long, long), (odd, odd), ("", "")):
        pixels = sheet(tmp_path, photos, 5, heading, name, title=long)
        for k in range(5):
            right = MARGIN + k * (SIDE + GAP) + SIDE
            assert (pixels[MARGIN + TITLE :, right + 1 : right + GAP] == 255).all()
        assert (pixels[:, -MARGIN:] == 255).all()
    assert not Path(tmp_path / "sheet.png.tmp").exists()
