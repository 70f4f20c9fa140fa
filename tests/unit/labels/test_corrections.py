"""A row of a table that says what was said before corrects it, or finds it right."""

import os
from pathlib import Path

import pytest

from ntkcpl.labels.answers import LabelsError
from ntkcpl.labels.read import read_labels

IDS = ["a.png", "b.png", "c.png"]


def read(folder: Path, **files: str):
    for name, rows in files.items():
        header = "id,label,was\n" if rows.split("\n")[0].count(",") == 2 else "id,label\n"
        (folder / f"{name}.csv").write_text(header + rows)
    return read_labels(folder, IDS)


# The corrections are read before what they correct, and after it.
@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_a_correction_counts_in_place_of_what_it_corrects(tmp_path: Path, name: str):
    checked = "a.png,dog,cat\nb.png,cat,cat\nc.png,,cat\n"
    said = read(tmp_path, labels="a.png,cat\nb.png,cat\nc.png,cat\n", **{name: checked})
    assert said.labelled == {"a.png": "dog", "b.png": "cat", "c.png": "cat"}
    assert said.checked == {"a.png", "b.png"}
    assert said.answers["a.png"].where == f"{tmp_path / name}.csv, line 2"


def test_corrections_of_corrections_and_skips(tmp_path: Path):
    said = read(
        tmp_path,
        anna="a.png,cat\nb.png,skipped\nc.png,cat\n",
        ben="a.png,cat\n",
        checked1="a.png,dog,cat\nb.png,dog,skipped\nc.png,skipped,cat\n",
        checked2="a.png,wolf,dog\nb.png,dog,dog\n",
    )
    assert said.labelled == {"a.png": "wolf", "b.png": "dog"}
    assert said.skipped == ["c.png"]
    assert said.checked == set(IDS)


def test_who_corrects_the_old_file_too_is_right(tmp_path: Path):
    said = read(tmp_path, labels="a.png,dog\n", checked="a.png,dog,cat\n")
    assert said.labelled == {"a.png": "dog"}


def test_what_somebody_else_changed_meanwhile_is_a_conflict(tmp_path: Path):
    with pytest.raises(LabelsError, match=r"'a.png' is 'wolf', but 'dog' in .*checked.csv, line 2"):
        read(tmp_path, checked="a.png,dog,cat\n", labels="a.png,wolf\n")


@pytest.mark.parametrize("other", ["wolf", "cat"])
def test_two_who_check_must_agree(tmp_path: Path, other: str):
    with pytest.raises(LabelsError) as caught:
        read(tmp_path, anna="a.png,cat\n", ben="a.png,dog,cat\n", carl=f"a.png,{other},cat\n")
    assert "decide which is right" in caught.value.faults[0]


def test_there_and_back_is_no_answer(tmp_path: Path):
    with pytest.raises(LabelsError, match="corrects the other way"):
        read(tmp_path, anna="a.png,cat\n", ben="a.png,dog,cat\n", carl="a.png,cat,dog\n")


def test_two_who_disagree_without_a_correction_are_refused(tmp_path: Path):
    with pytest.raises(LabelsError, match="decide which is right"):
        read(tmp_path, anna="a.png,cat\n", ben="a.png,dog\n")
    # A correction of one of them settles it.
    assert read(tmp_path, checked="a.png,dog,cat\n").labelled == {"a.png": "dog"}


def test_a_file_that_says_the_same_again_does_not_change_who_said_it_first(tmp_path):
    for file, second in (("round1.csv", 1), ("again.csv", 2)):
        (tmp_path / file).write_text("id,label\nx.png,wren\n")
        os.utime(tmp_path / file, (second, second))
    answer = read_labels(tmp_path, ["x.png"]).answers["x.png"]
    assert answer.where == f"{tmp_path / 'round1.csv'}, line 2"
