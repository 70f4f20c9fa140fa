"""The labelling kit: what it holds, and that nothing in it can be markup or refuse to be read."""

import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ntkcpl.image_files import BadImageError
from ntkcpl.labels.kit import write_kit
from ntkcpl.labels.rows import Row, Suggestion
from ntkcpl.labels.similarity import similarity_order
from ntkcpl.labels.thumbnails import MOST_BYTES, TOTAL_BYTES, thumbnails

HOSTILE = "</script><script>alert(1)</script><!--{{ 7 * 7 }}&amp;"


def rows(number: int = 3) -> list[Row]:
    images = thumbnails(np.full((number, 3, 16, 16), 90, np.uint8))
    return [Row(f"image{k}.png", images[k]) for k in range(number)]


def data_of(page: Path) -> dict:
    (found,) = re.findall(
        r'<script type="application/json" id="kit">(.*?)</script>', page.read_text()
    )
    return json.loads(found)


def test_the_page_holds_all_and_loads_nothing(tmp_path: Path):
    page = write_kit(
        tmp_path / "label",
        rows(),
        experiment="birds",
        round_=1,
        classes=["robin"],
        order=[2, 0, 1],
        save_to="birds-labels",
    )
    data, text = data_of(page), page.read_text()
    assert data["storage"] == "ntkcpl/birds/round1"
    assert data["file"] == "labels-round1.csv"
    assert data["order"] == [2, 0, 1]
    assert [image["id"] for image in data["images"]] == [row.id for row in rows()]
    assert all(image["source"].startswith("data:image/jpeg;base64,") for image in data["images"])
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:)|https?:|@import|url\(", text)
    assert [path.name for path in (tmp_path / "label").iterdir()] == ["label.html"]


def test_no_name_is_markup(tmp_path: Path):
    row = Row(HOSTILE, b"", suggestion=Suggestion(HOSTILE, 0.5))
    page = write_kit(tmp_path, [row], experiment=HOSTILE, round_=2, classes=[HOSTILE])
    text, data = page.read_text(), data_of(page)
    assert data["images"][0]["id"] == data["classes"][0] == HOSTILE
    assert data["images"][0]["suggestion"] == {"label": HOSTILE, "probability": 0.5}
    assert text.count("</script>") == 2 and "<!--" not in text and "alert(1)</" not in text


def test_names_that_are_not_utf8(tmp_path: Path):
    name = os.fsdecode(b"v\xf6gel.png")
    page = write_kit(tmp_path, [Row(name, b"")], experiment="e", round_=1, classes=[])
    assert data_of(page)["images"][0]["id"] == name


def test_tasks_and_configuration(tmp_path: Path):
    row = Row("a.png", b"", tmp_path / "photos/a.png", Suggestion("wren", 0.25))
    write_kit(
        tmp_path / "label", [row], experiment="e", round_=2, classes=["wren"], served_from=tmp_path
    )
    (task,) = json.loads((tmp_path / "label/tasks.json").read_text())
    assert task["data"]["image"] == "/data/local-files/?d=photos/a.png"
    assert '<Choice value="wren" />' in (tmp_path / "label/label-studio.xml").read_text()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rows": []}, "there is no image to label: write"),
        ({"rows": rows()[:1] * 2}, "an image stands twice in the batch: name"),
        ({"order": [0, 1, 1]}, "the order is no permutation of the 3 rows: name"),
        ({"classes": ["Skipped"]}, "the class 'Skipped' cannot be told from images that are skip"),
        ({"served_from": Path("/srv")}, "'image0.png' has no file below /srv: let Label Studio"),
    ],
)
def test_what_makes_no_kit(tmp_path: Path, change: dict, sentence: str):
    given = {"rows": rows(), "experiment": "e", "round_": 1, "classes": []} | change
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        write_kit(tmp_path, given.pop("rows"), **given)


def test_thumbnails_are_whole_upright_and_small(tmp_path: Path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (900, 1800, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(noise).save(tmp_path / "a.jpg", exif=exif)
    (alone,) = thumbnails([tmp_path / "a.jpg"])
    one, other = thumbnails([tmp_path / "a.jpg"] * 2, total_bytes=108_000)
    assert one == other
    for content, most in ((alone, MOST_BYTES), (one, 54_000)):
        assert most / 3 < len(content) <= most
        width, height = Image.open(io.BytesIO(content)).size
        assert height == 2 * width


def test_a_page_of_full_thumbnails_is_below_40_megabytes(tmp_path: Path):
    full = b"\xff" * (TOTAL_BYTES // 500)
    many = [Row(f"{k}.png", full) for k in range(500)]
    page = write_kit(tmp_path, many, experiment="e", round_=1, classes=[])
    assert page.stat().st_size < 40e6


def test_thumbnails_of_arrays_keep_colours():
    image = np.zeros((1, 3, 32, 32), np.uint8)
    image[:, 0, :, :16], image[:, 2, :, 16:] = 200, 200
    (content,) = thumbnails(image)
    found = np.asarray(Image.open(io.BytesIO(content)))
    assert found.shape == (32, 32, 3)
    np.testing.assert_allclose(found[:, 4].mean(axis=0), [200, 0, 0], atol=12)
    np.testing.assert_allclose(found[:, 28].mean(axis=0), [0, 0, 200], atol=12)


def test_an_image_that_is_gone_is_named(tmp_path: Path):
    with pytest.raises(BadImageError, match=r"a\.jpg cannot be decoded \(it is no file\): mend it"):
        thumbnails([tmp_path / "a.jpg"])


def test_similar_images_stand_side_by_side():
    rng = np.random.default_rng(0)
    angle = rng.permutation(np.linspace(0, np.pi / 2, 40))
    length = rng.uniform(0.5, 2, (40, 1))
    order = similarity_order(length * np.column_stack([np.cos(angle), np.sin(angle)]))
    assert sorted(order) == list(range(40))
    steps = np.diff(angle[order])
    assert (steps > 0).all() or (steps < 0).all()


@pytest.mark.parametrize("embedding", [np.zeros((1, 3)), np.zeros((4, 3)), np.ones((3, 2))])
def test_orders_of_degenerate_images(embedding: np.ndarray):
    assert sorted(similarity_order(embedding)) == list(range(len(embedding)))
