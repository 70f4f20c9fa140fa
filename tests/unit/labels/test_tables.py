"""Tables of labels: what spreadsheets write is read, and every name comes back as it was."""

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntkcpl.labels.answers import Labels, LabelsError
from ntkcpl.labels.names import class_fault, tidy
from ntkcpl.labels.read import read_labels
from ntkcpl.labels.tables import write_labels

IDS = ["a.png", "b.png", "sub/c, d.png"]
# Any bytes but NUL may be a file's name; a spreadsheet's own characters often are.
names = st.one_of(
    st.binary(min_size=1, max_size=12).filter(lambda b: b"\0" not in b).map(os.fsdecode),
    st.text("'=+-@\t\r\n\",;% a", min_size=1, max_size=6),
)
classes = st.text(min_size=1, max_size=8).map(tidy).filter(lambda name: not class_fault(name))


def read(tmp_path: Path, content: str | bytes, **options) -> Labels:
    path = tmp_path / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_labels(path, IDS, **options)


def faults(tmp_path: Path, content: str | bytes, **options) -> list[str]:
    with pytest.raises(LabelsError) as caught:
        read(tmp_path, content, **options)
    return [fault.removeprefix(str(tmp_path / "labels.csv")) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "content",
    [
        'id,label\na.png,robin\n"sub/c, d.png",wren\n',
        'ID;Label\r\na.png;robin\r\n"sub/c, d.png";wren\r\n',
        "id\tlabel\na.png\trobin\nsub/c, d.png\twren",
        'label , round, id\nrobin,1,a.png\n\n,,\nwren,1,"sub/c, d.png"\n',
        'sep=;\r\nid;label\r\na.png;" robin "\r\nsub/c, d.png;wren\r\n',
        'id,label\ra.png,robin\r"sub/c, d.png",wren\r',
        '\ufeffid,label\na.png,robin\nb.png,\n"sub/c, d.png",wren\na.png,robin\n',
        "id\tlabel\r\na.png\trobin\r\nsub/c, d.png\twren\r\n".encode("utf-16"),
    ],
)
def test_ways_to_write_a_table(tmp_path: Path, content: str | bytes):
    labels = read(tmp_path, content)
    assert labels.labelled == {"a.png": "robin", "sub/c, d.png": "wren"}
    assert labels.classes == ["robin", "wren"]
    assert labels.skipped == []


def test_skipped_images_are_told_from_those_still_to_label(tmp_path: Path):
    labels = read(tmp_path, "id,label\na.png,Skipped\nb.png, \n")
    assert labels.skipped == ["a.png"] and labels.labelled == {}


def test_an_answer_says_where_it_stands(tmp_path: Path):
    labels = read(tmp_path, 'id,label,note\na.png,robin,"two\nlines"\n\nb.png,wren,\n')
    assert labels.answers["b.png"].place == "line 5"
    assert labels.answers["b.png"].where == f"{tmp_path / 'labels.csv'}, line 5"


def test_accents_that_are_composed_otherwise_are_the_same_class(tmp_path: Path):
    labels = read(tmp_path, "id,label\na.png,Gru\u0308nfink\nb.png,Grünfink\n")
    assert labels.classes == ["Grünfink"]


@given(st.dictionaries(names, st.one_of(st.none(), classes), min_size=1, max_size=6))
def test_names_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, labels: dict):
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    write_labels(path, labels)
    found = read_labels(path, labels)
    assert {i: answer.label for i, answer in found.answers.items()} == labels


@given(st.dictionaries(names, classes, min_size=1, max_size=6))
def test_no_cell_is_a_formula(tmp_path_factory: pytest.TempPathFactory, labels: dict):
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    write_labels(path, labels)
    text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in row)


def test_what_a_person_writes_is_left_alone(tmp_path: Path):
    assert read_labels(write(tmp_path, "id,label\n'tis.png,=B2\n"), ["'tis.png"]).labelled == {
        "'tis.png": "=B2"
    }


def write(tmp_path: Path, content: str) -> Path:
    (tmp_path / "labels.csv").write_text(content)
    return tmp_path / "labels.csv"


@pytest.mark.parametrize("label", ["skipped", "SKIPPED", " wren", "", "\udcff", "Gru\u0308n"])
def test_classes_that_could_not_be_read_back_are_refused(tmp_path: Path, label: str):
    with pytest.raises(ValueError, match=r"^the class '.*: (call|write) "):
        write_labels(tmp_path / "labels.csv", {"a.png": label})
    with pytest.raises(ValueError, match=r"^the class "):
        read_labels(tmp_path, IDS, classes=[label])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("id,label\nz.png,wren\n", ", line 2: there is no image 'z.png': correct the name, or"),
        ("id,label\nc/a.png,wren\n", ", line 2: there is no image 'c/a.png': write 'a.png' if"),
        (b"id,label\nv\xf6gel.png,wren\n", ", line 2: there is no image 'v\\udcf6gel.png': save"),
        (b"id,label\na.png,Gr\xfcn\n", ", line 2: the label 'Gr\\udcfcn' of 'a.png' is not UTF-8"),
        ("id,label\na.png,wern\n", ", line 2: 'wern' of 'a.png' is none of the classes: write 'wr"),
        ("id,label\na.png,cat\n", ", line 2: 'cat' of 'a.png' is none of the classes: take one of"),
        (
            "id,label\na.png,wren\na.png,robin\n",
            ", line 3: 'a.png' is 'robin', but 'wren' in {path}, line 2: decide which is right",
        ),
        (
            "id,label\na.png,skipped\na.png,robin\n",
            ", line 3: 'a.png' is 'robin', but skipped in {path}, line 2: decide which is right",
        ),
        (
            "id,label\nsub/c, d.png,wren\n",
            ", line 2: 'sub/c' and so on are 3 cells, but the head",
        ),
        (
            'id,label\na.png,wren\n"b.png,wren\n',
            ", after line 2: this is no CSV (unexpected end",
        ),
        ("image,class\na.png,wren\n", ", line 1: the header names no columns id and label: write"),
        ("id,id,label\na.png,a.png,wren\n", ", line 1: the header names no columns id and label"),
        ("", ", line 1: the header names no columns id and label: write them over"),
        (b"PK\x03\x04\0\0\xff", ", line 1: the header names no columns id and label"),
        (b"\xff\xfei", " cannot be read ('utf-16-le' codec can't decode byte 0x69"),
    ],
)
def test_a_fault_names_file_line_image_and_fix(tmp_path: Path, content: str | bytes, sentence: str):
    (fault,) = faults(tmp_path, content, classes=["wren", "robin", "Grün"])
    assert fault.startswith(sentence.format(path=tmp_path / "labels.csv"))
    assert "\n" not in fault
    fault.encode()  # it can be printed


def test_all_faults_are_told_and_ten_listed(tmp_path: Path):
    lines = [f"z{k}.png,wren" for k in range(14)]
    with pytest.raises(LabelsError) as caught:
        read(tmp_path, "\n".join(["id,label", *lines]))
    assert len(caught.value.faults) == 14
    message = str(caught.value).splitlines()
    assert len(message) == 11 and message[-1] == "and 4 more like these"
