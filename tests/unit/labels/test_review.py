"""Labels to check: the table to fill in, and the page."""

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from ntkcpl.artifacts.cells import unescape_formula
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.labels.read import read_labels
from ntkcpl.labels.review import (
    Doubt,
    labels_to_check,
    read_review_table,
    write_review_page,
    write_review_table,
)
from ntkcpl.labels.rows import Suggestion
from ntkcpl.labels.thumbnails import thumbnails

IDS = ["=a.png", os.fsdecode(b"v\xf6gel.png"), "</script>.png"]
DOUBTS = [
    Doubt(name, "cat", "labels/anna.csv, line 2", 1, Suggestion("dog", 0.9 - 0.1 * number))
    for number, name in enumerate(IDS)
]


def test_the_table_is_a_form_that_is_read_back(tmp_path: Path):
    path = tmp_path / "review.csv"
    write_review_table(path, DOUBTS)
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        cells = list(csv.DictReader(file))
    rows = [{name: unescape_formula(cell) for name, cell in row.items()} for row in cells]
    assert [row["id"] for row in rows] == IDS
    expected = {"label": "", "was": "cat", "classifier": "dog", "probability": "0.9000"}
    expected |= {"round": "1", "where": "labels/anna.csv, line 2"}
    assert rows[0] == {"id": IDS[0]} | expected
    assert read_labels(path, IDS).answers == {}  # nothing is filled in yet
    filled = path.read_bytes().replace(b",,cat", b",dog,cat", 2)
    path.write_bytes(filled)
    said = read_labels(path, IDS)
    assert said.labelled == {IDS[0]: "dog", IDS[1]: "dog"}
    assert said.checked == {*IDS[:2]}
    assert read_review_table(path) == DOUBTS  # whatever is filled in


def test_how_many_labels_there_are_to_check(tmp_path: Path):
    assert labels_to_check(tmp_path) == ""  # before there is a classifier
    path = tmp_path / "review.csv"
    write_review_table(path, [])
    assert labels_to_check(tmp_path) == ""
    write_review_table(path, DOUBTS)
    assert labels_to_check(tmp_path) == f"labels to check: 3, on {path}"
    (tmp_path / "review.html").touch()
    assert labels_to_check(tmp_path) == f"labels to check: 3, on {tmp_path}/review.html"
    path.write_bytes(path.read_bytes().replace(b",", b";"))  # by a spreadsheet
    with pytest.raises(ArtifactError, match="is no longer the list of labels to check"):
        labels_to_check(tmp_path)


def test_each_list_saves_a_file_of_its_own(tmp_path: Path):
    images = thumbnails(np.zeros((3, 3, 8, 8), np.uint8))
    names = []
    for doubts in (DOUBTS, DOUBTS[1:], DOUBTS):
        path = tmp_path / "review.html"
        write_review_page(
            path, doubts, images[: len(doubts)], experiment="birds", classes=["cat", "dog"]
        )
        text = path.read_text()
        kit = json.loads(re.search(r'id="kit">(.*?)</script>', text)[1])
        assert [image["id"] for image in kit["images"]] == [doubt.id for doubt in doubts]
        names.append(kit["file"])
    assert names[0] == names[2] != names[1]
    with pytest.raises(ValueError, match="zip"):
        write_review_page(tmp_path / "x.html", DOUBTS, [], experiment="birds", classes=["cat"])
