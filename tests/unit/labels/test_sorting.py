"""Images in folders by class: safe names, no image lost, the folder before replaced."""

from pathlib import Path

from ntkcpl.labels.sorting import file_names, folder_names, sort_images


def test_images_are_linked_by_class(tmp_path: Path):
    root, folder = tmp_path / "photos", tmp_path / "results/birds/sorted"
    images = ["a/1.png", "b/1.png", "c.png", "d.png"]
    for image in images:
        (root / image).parent.mkdir(parents=True, exist_ok=True)
        (root / image).write_text(image)
    (folder / "old").mkdir(parents=True)
    for _ in range(2):
        sort_images(folder, root, zip(images, ["wren", "wren", "../up", "skipped"], strict=True))
        assert sorted(path.name for path in folder.iterdir()) == ["__up", "skipped", "wren"]
    assert sorted(path.read_text() for path in folder.rglob("*.png")) == images
    link = folder / "__up/c.png"
    assert link.is_symlink() and not link.readlink().is_absolute()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["sorted"]
    (tmp_path / "moved").mkdir()
    for name in ("photos", "results"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert (tmp_path / "moved/results/birds/sorted/skipped/d.png").read_text() == "d.png"


def test_copies_where_links_cannot_be_made(tmp_path: Path, monkeypatch):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.png").write_text("a")

    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    sort_images(tmp_path / "sorted", tmp_path / "photos", [("a.png", "wren")])
    assert not (tmp_path / "sorted/wren/a.png").is_symlink()
    assert (tmp_path / "sorted/wren/a.png").read_text() == "a"


def test_names_of_classes_become_names_of_folders():
    classes = ["wren", "Wren", "a/b", "a_b", "..", "con", "nul.x", "end. ", "skipped"]
    names = folder_names(classes)
    assert names["skipped"] == "skipped" and names["con"] == "_con" and names["nul.x"] == "_nul.x"
    assert names["a_b"] == "a_b" and names["a/b"].startswith("a_b-")
    assert len({name.casefold() for name in names.values()}) == len(classes)
    assert not any(name.startswith(".") or name.endswith((".", " ")) for name in names.values())


def test_images_of_one_name_are_told_apart():
    names = file_names(["a/b_c.png", "a_b/c.png", "x/c.png", "y/C.png", "z.png"])
    assert names["z.png"] == "z.png" and names["a/b_c.png"] == "b_c.png"
    assert len({name.casefold() for name in names.values()}) == 5
