"""`batch.csv` comes back as it was written, and what does not fit is refused."""

import os
from dataclasses import replace

import numpy as np
import pytest

from ntkcpl.artifacts.batch import read_batch, read_ids, write_batch
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.records import Batch


def test_batch_round_trip(features, tmp_path):
    index = np.array([5, 2, 9])
    batch = Batch(index, np.array([0.5, 0.75, 1]), seconds=np.array([0.1, 1.1, 2.6]))
    write_batch(tmp_path / "batch.csv", features, batch, seconds=3.5)
    lines = (tmp_path / "batch.csv").read_text().splitlines()
    assert lines[0] == "rank,index,id,estimated_coverage,seconds"
    assert lines[1] == "1,5,image005.png,0.500000,1.0000"
    found, seconds = read_batch(tmp_path / "batch.csv", features, size=3)
    np.testing.assert_array_equal(found, index)
    assert seconds == 3.5
    assert lines[3].split(",")[3] == "1.000000"


def test_batch_without_estimate_leaves_the_column_empty(features, tmp_path):
    write_batch(tmp_path / "batch.csv", features, Batch(np.array([1])), seconds=0.0)
    assert (tmp_path / "batch.csv").read_text().splitlines()[1] == "1,1,image001.png,,0.0000"


def test_any_name_of_a_file_comes_back(features, tmp_path):
    names = ["a\rb.png", "a\r\nb.png", "=1+1.png", "'@x.png", os.fsdecode(b"\xff.png"), 'a,"b.png']
    odd = replace(features, id=[*names, *features.id[len(names) :]])
    path = tmp_path / "batch.csv"
    write_batch(path, odd, Batch(np.arange(len(names))), seconds=0.0)
    assert read_ids(path) == names
    assert read_batch(path, odd, size=len(names))[0].tolist() == list(range(len(names)))
    assert b",=1" not in path.read_bytes()  # no formula


HEADER = "rank,index,id,estimated_coverage,seconds\n"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "is no batch.csv"),
        ("", "0 choices, expected 2"),
        ("a,b\n1,2\n", "is no batch.csv"),
        (HEADER + "1,5,image005.png,,0.1\n", "1 choices, expected 2"),
        (HEADER + "1,5,image005.png,,0.1\n2,5,image005.png,,0.1\n", "repeats an index"),
        (HEADER + "1,5,image005.png,,0.1\n2,60,image060.png,,0.1\n", "outside the pool"),
        (HEADER + "1,5,image005.png,,0.1\n2,6,another.png,,0.1\n", "another pool"),
        (HEADER + "1,5,image005.png,,0.1\n2,x,image006.png,,0.1\n", "is no batch.csv"),
        (HEADER + "1,5,image005.png,,0.1\n2,6", "is no batch.csv"),
    ],
)
def test_batch_that_does_not_fit(features, tmp_path, content, cause):
    path = tmp_path / "batch.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ArtifactError, match=cause) as caught:
        read_batch(path, features, size=2)
    assert str(path) in str(caught.value)
