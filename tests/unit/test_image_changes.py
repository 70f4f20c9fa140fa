"""Which images of a folder are new, gone, changed or have another name."""

import os
from pathlib import Path

import pytest

from ntkcpl.artifacts.images import Image, read_images, write_images
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.image_changes import ImagesError, compare, embedded, stamps


@pytest.fixture
def known(tmp_path: Path) -> dict[str, Image]:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.png").write_text(f"content {name}")
    return look(tmp_path, {})


def look(root: Path, known: dict[str, Image], broken: tuple[str, ...] = ()) -> dict[str, Image]:
    """What is known after all images have been embedded, but the broken ones."""
    changes = compare(root, stamps(root), known)
    path = root / "images.json"
    write_images(path, embedded(changes, root, {*changes.names} - {*broken}), Provenance())
    return read_images(path)


def test_nothing_has_changed(tmp_path: Path, known: dict[str, Image]):
    changes = compare(tmp_path, stamps(tmp_path), known)
    assert changes.images == known and changes.former == {}
    assert changes.before == {name: name for name in ("a.png", "b.png", "c.png")}


def test_a_file_that_was_touched_is_the_same(tmp_path: Path, known: dict[str, Image]):
    os.utime(tmp_path / "a.png", ns=(1, 1))
    changes = compare(tmp_path, stamps(tmp_path), known)
    assert changes.before["a.png"] == "a.png" and changes.former == {}


def test_new_gone_renamed_and_changed(tmp_path: Path, known: dict[str, Image]):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.png").rename(tmp_path / "sub/x.png")
    (tmp_path / "b.png").unlink()
    (tmp_path / "c.png").write_text("edited since")
    (tmp_path / "new.png").write_text("content n")
    changes = compare(tmp_path, stamps(tmp_path), known)
    assert changes.before == {"sub/x.png": "a.png"}
    assert changes.names == ["c.png", "new.png", "sub/x.png"]
    assert changes.former == {"a.png": "sub/x.png", "b.png": None}
    known = look(tmp_path, known)
    (tmp_path / "sub/x.png").rename(tmp_path / "y.png")  # and once more
    assert compare(tmp_path, stamps(tmp_path), known).former == {
        **{"a.png": "y.png", "sub/x.png": "y.png"},
        "b.png": None,
    }


def test_one_that_comes_back_is_the_same(tmp_path: Path, known: dict[str, Image]):
    (tmp_path / "a.png").unlink()
    known = look(tmp_path, known)
    assert known["a.png"].gone
    (tmp_path / "back.png").write_text("content a")
    assert compare(tmp_path, stamps(tmp_path), known).former == {"a.png": "back.png"}


def test_a_copy_is_another_image(tmp_path: Path, known: dict[str, Image]):
    (tmp_path / "0.png").write_text("content a")
    changes = compare(tmp_path, stamps(tmp_path), known)
    assert "0.png" in changes.names and "0.png" not in changes.before
    assert changes.former == {}


def test_a_broken_one_is_none_of_the_images(tmp_path: Path, known: dict[str, Image]):
    known = look(tmp_path, {}, broken=("b.png",))
    assert compare(tmp_path, stamps(tmp_path), known).names == ["a.png", "c.png"]


def test_the_name_of_another_is_refused(tmp_path: Path, known: dict[str, Image]):
    (tmp_path / "a.png").rename(tmp_path / "x.png")
    (tmp_path / "a.png").write_text("of another image")
    with pytest.raises(ImagesError, match=r"'a\.png' has the name that what is now 'x\.png' had"):
        compare(tmp_path, stamps(tmp_path), known)


def test_what_cannot_be_read_is_broken_and_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to("nowhere")
    known = look(tmp_path, {}, ("pipe.png", "link.png"))
    assert all(image.broken and not image.digest for image in known.values())
    changes = compare(tmp_path, stamps(tmp_path), known)
    assert changes.images == known and changes.names == []
