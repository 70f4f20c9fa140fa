"""Exports of a real Label Studio (1.23.2) are read, and what it imports says what it must.

`label_studio/` holds its exports of one project: the tasks of `IDS` and the configuration of
`CLASSES` as written here, annotated over its interface; one image has two annotations that agree,
one was skipped, one not seen.
"""

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntkcpl.labels.answers import LabelsError
from ntkcpl.labels.label_studio import decode_id, encode_id, labelling_configuration, tasks
from ntkcpl.labels.read import read_labels
from ntkcpl.labels.rows import Row, Suggestion

EXPORTS = Path(__file__).parent / "label_studio"
IDS = [
    "plain.png",
    "=1+1.png",
    'comma, "quote".png',
    "100%25.png",
    os.fsdecode(b"v\xf6gel.png"),
    "sub/new\nline.png",
    "skip.png",
    "later.png",
]
CLASSES = ["robin", 'wren & "co", <b>', "=none"]
CHOSEN = [1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("name", ["export.json", "export-min.json", "export.csv"])
def test_exports(name: str):
    labels = read_labels(EXPORTS / name, IDS, CLASSES)
    expected = {image: CLASSES[c] for image, c in zip(IDS, CHOSEN, strict=False)}
    assert labels.labelled == expected
    assert labels.skipped == (["skip.png"] if name == "export.json" else [])


def test_three_exports_of_one_project_agree():
    assert len(read_labels(EXPORTS, IDS).answers) == 7


def faults(tmp_path: Path, content: object) -> list[str]:
    path = tmp_path / "export.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(LabelsError) as caught:
        read_labels(path, ["a.png"], CLASSES)
    return [fault.removeprefix(str(path)) for fault in caught.value.faults]


def annotated(*choices: list[str], **data: object) -> dict:
    results = [{"type": "choices", "value": {"choices": choice}} for choice in choices]
    return {"data": data, "annotations": [{"result": [result]} for result in results]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('[{"data"', " cannot be read as JSON (Expecting ':' delimiter: line 1"),
        ({"data": {}}, " is no list of tasks: export JSON from Label Studio"),
        ([3], ", task 1: it has no image_id: import the tasks.json of the labelling kit"),
        ([annotated(["robin"], id="a.png")], ", task 1: it has no image_id: import the tasks.json"),
        ([annotated(["robin"], image_id="b.png")], ", task 1: there is no image 'b.png': correct"),
        ([annotated(["cat"], image_id="a.png")], ", task 1: 'cat' of 'a.png' is none of the clas"),
        (
            [annotated(["robin", "=none"], image_id="a.png")],
            ", task 1: 'a.png' has not one choice of a class: give it one in Label Studio",
        ),
        (
            [{"image_id": "a.png", "class": {"choices": ["robin", "=none"]}}],
            ", task 1: 'a.png' has not one choice of a class: give it one in Label Studio",
        ),
        (
            [annotated(["robin"], ["=none"], image_id="a.png")],
            ", task 1: 'a.png' is '=none', but 'robin' in {path}, task 1: decide which is right",
        ),
    ],
)
def test_faults(tmp_path: Path, content: object, sentence: str):
    (fault,) = faults(tmp_path, content)
    assert fault.startswith(sentence.format(path=tmp_path / "export.json"))


@given(st.binary(min_size=1).map(os.fsdecode))
def test_ids_are_plain_text_and_come_back(image: str):
    text = encode_id(image)
    text.encode()
    assert decode_id(text) == image
    assert not text.startswith(tuple("=+-@\t\r\n"))


def test_an_escaped_id_is_undone_once(tmp_path: Path):
    image = "'=1.png"
    for name in ("export.csv", "export.json"):
        path = tmp_path / name
        if name == "export.csv":
            path.write_text(f"image_id,class\n{encode_id(image)},robin\n")
        else:
            path.write_text(json.dumps([annotated(["robin"], image_id=encode_id(image))]))
        assert read_labels(path, [image, "=1.png"]).labelled == {image: "robin"}


def test_the_tasks_of_the_exports(tmp_path: Path):
    rows = [
        Row(
            image,
            b"",
            tmp_path / "photos" / image,
            Suggestion(CLASSES[1], 0.6123) if k < 4 else None,
        )
        for k, image in enumerate(IDS)
    ]
    exported = json.loads((EXPORTS / "export.json").read_text())
    made = tasks(rows, round_=2, served_from=tmp_path)
    assert [task["data"] for task in made[:7]] == [task["data"] for task in exported]
    assert made[3]["predictions"][0]["score"] == 0.6123
    assert made[3]["predictions"][0]["model_version"] == "round1"
    assert "predictions" not in made[4]
    json.dumps(made).encode()


def test_tasks_need_files_that_are_served(tmp_path: Path):
    for path in (None, Path("/elsewhere/a.png")):
        with pytest.raises(ValueError, match=r"^'a.png' has no file below .*: let Label Studio"):
            tasks([Row("a.png", b"", path)], 1, tmp_path)


def test_the_configuration_names_all_classes():
    choices = ElementTree.fromstring(labelling_configuration(CLASSES)).find("Choices")
    assert choices is not None and choices.get("name") == "class"
    assert [choice.get("value") for choice in choices] == CLASSES
