"""CSV and JSON artifacts: read back as written, verified, and open to other programs."""

import csv
import json
import os

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.frames import read_frame, write_frame
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_json, read_table, write_json, write_table

ORIGIN = Provenance('{"s":"é"}', {"features": "f"}, ("digits",), "code")
COLUMNS = ("n", "x", "t")
cells = st.text("'=+-@\t\r\na,\"\udc80é0", max_size=6)


def table(path):
    """Write a table of a number, a negative number and a text."""
    write_table(path, "toy", COLUMNS, [(1, -0.5, "=a"), (2, "", "b\r,")], ORIGIN, ["x"])
    return path


@settings(max_examples=40)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=4))
def test_any_text_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("texts") / "a.csv"
    write_table(path, "toy", ("a", "b"), rows, ORIGIN)
    read, origin = read_table(path, "toy", ("a", "b"))
    assert [(row["a"], row["b"]) for row in read] == rows
    assert origin["identity"] == '["digits"]'


def test_pandas_and_a_plain_reader_open_a_table(tmp_path):
    path = table(tmp_path / "a.csv")
    frame = pd.read_csv(path)
    assert frame.dtypes[["n", "x"]].tolist() == ["int64", "float64"]
    assert frame["x"].tolist()[0] == -0.5
    with path.open(newline="") as file:
        first, last = csv.DictReader(file)
    assert (first["t"], first["origin"]) == ("'=a", "")
    said = json.loads(last["origin"])
    assert said["format"] == "ntkcpl/toy" and said["settings"] == {"s": "é"}


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_each_flipped_bit_is_noticed(tmp_path, name):
    path = tmp_path / name
    if name == "a.csv":
        table(path)
    else:
        write_json(path, "toy", {"b": {"é": None}}, ORIGIN)
    whole = path.read_bytes()
    for place in range(len(whole)):
        flipped = bytes([whole[place] ^ (1 << place % 8)])
        path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
        with pytest.raises(ArtifactError) as caught:
            if name == "a.csv":
                read_table(path, "toy", COLUMNS)
            else:
                read_json(path, "toy")
        assert str(caught.value).startswith(f"{path} ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "does not end in its checksum"),
        (b"a,b\n1,2\n", "does not end in its checksum"),
        (b"\xff\x00", "does not end in its checksum"),
        (b"0" * 64 + b'"}\n', "does not fit its checksum"),
    ],
)
def test_a_file_of_another_program_is_refused(tmp_path, content, cause):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=cause):
        read_table(path, "toy", COLUMNS)
    with pytest.raises(ArtifactError, match=cause):
        read_json(path, "toy")


@pytest.mark.parametrize(
    ("kind", "columns", "expected", "cause"),
    [
        ("other", COLUMNS, None, "should hold ntkcpl/other but holds ntkcpl/toy"),
        ("toy", ("n", "x"), None, "has other columns than n,x"),
        ("toy", COLUMNS, Provenance(inputs={"features": "g"}), "another features"),
        ("toy", COLUMNS, Provenance('{"s":"e"}'), "other settings of s"),
    ],
)
def test_a_file_of_another_kind_or_origin_is_refused(tmp_path, kind, columns, expected, cause):
    path = table(tmp_path / "a.csv")
    with pytest.raises(ArtifactError, match=cause):
        read_table(path, kind, columns, expected)


def test_a_pipe_or_folder_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(ArtifactError, match="is no file"):
        read_table(tmp_path / "a.csv", "toy", ("n",))
    with pytest.raises(ArtifactError, match="is no file"):
        read_json(tmp_path, "toy")


def test_the_digest_leaves_out_clocks(tmp_path):
    digests = []
    for x, t in ((1, "a"), (2, "a"), (1, "b")):
        write_table(tmp_path / "a.csv", "toy", ("x", "t"), [(x, t)], ORIGIN, clocks=["x"])
        digests.append(read_table(tmp_path / "a.csv", "toy", ("x", "t"))[1]["digest"])
    assert digests[0] == digests[1] != digests[2]


def test_a_frame_comes_back(tmp_path):
    frame = pd.DataFrame({"name": ["null", "nan"], "x": [1 / 3, float("nan")], "n": [1, 2]})
    write_frame(tmp_path / "a.csv", "toy", frame, ORIGIN)
    types = {"name": "str", "x": "float64", "n": "int64"}
    read = read_frame(tmp_path / "a.csv", "toy", types, missing=["x"])
    pd.testing.assert_frame_equal(read, frame)
    with pytest.raises(ArtifactError, match="is no table of toy"):
        read_frame(tmp_path / "a.csv", "toy", types | {"name": "int64"}, missing=["x"])
    with pytest.raises(ArtifactError, match="has the columns name,x,n, expected name,x"):
        read_frame(tmp_path / "a.csv", "toy", {"name": "str", "x": "float64"}, missing=["x"])
