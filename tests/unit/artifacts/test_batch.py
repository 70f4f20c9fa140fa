"""`batch.csv` comes back as it was written, and what does not fit is refused."""

import os
from dataclasses import replace

import numpy as np
import pytest
from resealing import changed_table

from ntkcpl.artifacts.batch import read_batch, read_ids, write_batch
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.records import Batch


@pytest.fixture(autouse=True)
def origin(features):
    """Where the batches come from."""
    ORIGIN.inputs["features"] = features.digest


ORIGIN = Provenance(inputs={})


def test_batch_round_trip(features, tmp_path):
    index = np.array([5, 2, 9])
    batch = Batch(index, np.array([0.5, 0.75, 1]), seconds=np.array([0.1, 1.1, 2.6]))
    write_batch(tmp_path / "batch.csv", features, batch, seconds=3.5, provenance=ORIGIN)
    lines = (tmp_path / "batch.csv").read_text().splitlines()
    assert lines[0] == "rank,index,id,estimated_coverage,seconds,origin"
    assert lines[1] == "1,5,image005.png,0.500000,1.0000,"
    found, seconds, _ = read_batch(tmp_path / "batch.csv", features, size=3)
    np.testing.assert_array_equal(found, index)
    assert seconds == 3.5
    assert lines[3].split(",")[3] == "1.000000"


def test_batch_without_estimate_leaves_the_column_empty(features, tmp_path):
    write_batch(tmp_path / "batch.csv", features, Batch(np.array([1])), 0.0, ORIGIN)
    _, line = (tmp_path / "batch.csv").read_text().splitlines()
    assert line.startswith("1,1,image001.png,,0.0000,")


def test_any_name_of_a_file_comes_back(features, tmp_path):
    names = ["a\rb.png", "a\r\nb.png", "=1+1.png", "'@x.png", os.fsdecode(b"\xff.png"), 'a,"b.png']
    odd = replace(features, id=[*names, *features.id[len(names) :]])
    path = tmp_path / "batch.csv"
    write_batch(path, odd, Batch(np.arange(len(names))), 0.0, ORIGIN)
    assert read_ids(path) == names
    assert read_batch(path, odd, size=len(names))[0].tolist() == list(range(len(names)))
    assert b",=1" not in path.read_bytes()  # no formula


def change(row, name, value):
    """Return what changes a cell."""

    def apply(rows):
        rows[row][rows[0].index(name)] = value

    return apply


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (change(0, "id", "name"), "other columns than rank,index,id"),
        (change(1, "rank", "1"), None),
        (lambda rows: rows.pop(1), "1 choices, expected 2"),
        (change(1, "id", "another.png"), "another pool"),
        (change(1, "index", "7"), "another pool"),
    ],
)
def test_batch_that_does_not_fit(features, tmp_path, change, cause):
    path = tmp_path / "batch.csv"
    write_batch(path, features, Batch(np.array([5, 6])), 0.1, ORIGIN)
    changed_table(path, change)
    if cause is None:
        read_batch(path, features, size=2)
        return
    with pytest.raises(ArtifactError, match=cause) as caught:
        read_batch(path, features, size=2)
    assert str(path) in str(caught.value)


def test_the_digest_is_of_the_choices_not_of_the_clock(features, tmp_path):
    path, digests = tmp_path / "batch.csv", []
    for index, seconds in (([5, 6], 0.1), ([5, 6], 0.2), ([6, 5], 0.1)):
        write_batch(path, features, Batch(np.array(index)), seconds, ORIGIN)
        digests.append(read_batch(path, features, size=2)[2])
    assert digests[0] == digests[1] != digests[2]


def test_batch_of_another_round_or_other_features_is_refused(features, tmp_path):
    path = tmp_path / "results/digits/random/seed0/round2/batch.csv"
    origin = Provenance(inputs=ORIGIN.inputs, identity=("digits", "random", 0, 1))
    write_batch(path, features, Batch(np.array([5])), 0.1, origin)
    with pytest.raises(ArtifactError, match="is of digits random 0 1"):
        read_ids(path)
    write_batch(path, features, Batch(np.array([5])), 0.1, Provenance(inputs={"features": "x"}))
    with pytest.raises(ArtifactError, match="another features"):
        read_batch(path, features, size=1)
