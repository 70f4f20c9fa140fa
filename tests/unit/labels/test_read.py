"""Files of several kinds and people together: folders of copies, conflicts, what is no label."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ntkcpl.labels.answers import LabelsError
from ntkcpl.labels.read import read_labels

IDS = ["a/x.png", "b/x.png", "b/twin.png", "a/twin.png", "y.png"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Images of `IDS`, all different but the twins."""
    root = tmp_path / "photos"
    for number, name in enumerate(IDS):
        pixels = np.full((8, 8, 3), 40 * (2 if "twin" in name else number), np.uint8)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / name)
    return root


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def faults(*arguments, **options) -> list[str]:
    with pytest.raises(LabelsError) as caught:
        read_labels(*arguments, **options)
    return caught.value.faults


def test_copies_are_matched_by_name_then_by_content(tmp_path: Path, photos: Path):
    folder = tmp_path / "labels"
    copy(photos / "b/x.png", folder / "robin/x.png")
    copy(photos / "a/x.png", folder / "anna/wren/x - Copy.png")
    copy(photos / "b/twin.png", folder / "anna/robin/twin.png")
    (folder / "wren").mkdir()
    Image.new("RGB", (9, 9)).save(folder / "wren/y.png")  # the only y.png, cut or turned
    (folder / "skipped").mkdir()
    labels = read_labels(folder, IDS, root=photos)
    assert labels.labelled == {
        "b/x.png": "robin",
        "a/x.png": "wren",
        "a/twin.png": "robin",
        "b/twin.png": "robin",
        "y.png": "wren",
    }
    assert labels.answers["b/x.png"].where == str(folder / "robin/x.png")


def test_a_folder_of_skipped_images(tmp_path: Path, photos: Path):
    copy(photos / "y.png", tmp_path / "labels/skipped/y.png")
    assert read_labels(tmp_path / "labels", IDS, root=photos).skipped == ["y.png"]


def test_faults_of_copies(tmp_path: Path, photos: Path):
    folder = tmp_path / "labels"
    copy(photos / "y.png", folder / "y.png")
    copy(photos / "a/x.png", folder / "robin/x.png")
    Image.new("RGB", (9, 9)).save(folder / "robin/z.png")
    assert faults(folder, IDS, root=photos) == [
        f"{folder / 'y.png'} lies in no folder of a class: move it into one named as its class",
        f"{folder / 'robin/z.png'} is no copy of any of the images, neither by name nor by "
        "content: move it away",
    ]
    assert (
        f"{folder / 'robin/x.png'} may be a copy of 'a/x.png' or 'b/x.png': say in a CSV file which"
        in faults(folder, IDS)
    )


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "anna.csv")
    assert faults(tmp_path, IDS) == [f"{tmp_path / 'anna.csv'} is no file: move it away"]


def test_people_and_formats_are_put_together(tmp_path: Path, photos: Path):
    (tmp_path / "anna.csv").write_text("id,label\na/x.png,wren\ny.png,robin\n")
    (tmp_path / "ben.tsv").write_text("label\tid\nwren\tb/x.png\nrobin\ty.png\n")
    copy(photos / "y.png", tmp_path / "sorted/robin/y.png")
    sources = [tmp_path / "anna.csv", tmp_path / "ben.tsv", tmp_path / "sorted"]
    labels = read_labels(sources, IDS, root=photos)
    assert labels.labelled == {"a/x.png": "wren", "b/x.png": "wren", "y.png": "robin"}
    assert labels.answers["y.png"].file == tmp_path / "anna.csv"


def test_names_that_images_had_before(tmp_path: Path, photos: Path):
    folder = tmp_path / "labels"
    copy(photos / "y.png", folder / "wren/old.png")
    copy(photos / "y.png", folder / "robin/gone.png")
    (folder / "anna.csv").write_text("id,label\nold.png,wren\ny.png,wren\ngone.png,owl\n")
    former = {"old.png": "y.png", "gone.png": None}
    labels = read_labels(folder, IDS, root=photos, former=former)
    assert labels.labelled == {"y.png": "wren"} and labels.gone == {"gone.png"}


def test_people_who_disagree_are_both_named(tmp_path: Path, photos: Path):
    folder = tmp_path / "labels"
    copy(photos / "y.png", folder / "wren/y.png")
    (folder / "anna.csv").write_text("id,label\ny.png,robin\n")
    assert faults(folder, IDS, root=photos) == [
        f"{folder / 'wren/y.png'}: 'y.png' is 'wren', but 'robin' in {folder / 'anna.csv'}, line "
        "2: decide which is right, and correct or delete the other"
    ]


def test_what_systems_leave_behind_is_no_fault(tmp_path: Path):
    (tmp_path / ".trash").mkdir()
    for name in [".DS_Store", "Thumbs.db", "~$labels.xlsx", ".trash/labels.xlsx"]:
        (tmp_path / name).write_bytes(b"\0")
    assert read_labels(tmp_path, IDS).answers == {}


def test_what_is_no_table(tmp_path: Path):
    (tmp_path / "labels.xlsx").write_bytes(b"PK")
    (tmp_path / "no.csv").symlink_to(tmp_path / "nowhere")
    found = faults([tmp_path, tmp_path / "none"], IDS)
    assert found[0].startswith(f"{tmp_path / 'labels.xlsx'} is neither a table of labels, an exp")
    assert found[1].startswith(f"{tmp_path / 'no.csv'} cannot be read ([Errno 2] No such file")
    assert found[2] == f"{tmp_path / 'none'} does not exist: name a file or folder of labels"


def test_the_example_of_the_documentation(tmp_path: Path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", Path("docs/labelling.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "animals-labels"):
        Path(folder).mkdir()
    Image.new("RGB", (9, 9)).save("photos/a.jpg")
    Path("animals-labels/labels.csv").write_text("id,label\na.jpg,cat\n")
    exec(compile(code, "labelling.md", "exec"), {})
    assert capsys.readouterr().out == "{'a.jpg': 'cat'} []\n"
    assert Path("kit/label.html").is_file()
