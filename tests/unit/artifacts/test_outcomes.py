import os

import pytest

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.outcomes import Outcome, read_outcomes, write_outcomes


def test_they_come_back_as_they_were(tmp_path):
    name = os.fsdecode(b"=v\xf6gel,1.png")
    rows = [Outcome(1, 8, name, "=cat", "=cat"), Outcome(2, 14, "b.png", "cat", "dog")]
    for number, row in enumerate(rows):
        write_outcomes(tmp_path / f"{number}.csv", [row])
    frame = read_outcomes(tmp_path / "0.csv", tmp_path / "1.csv")
    assert frame.to_dict("records") == [
        rows[0]._asdict() | {"right": True},
        rows[1]._asdict() | {"right": False},
    ]


def test_a_foreign_file_is_named(tmp_path):
    for text in ("id,label\na,b\n", "round,labels,id,label,predicted\none,2,a,b,c\n"):
        (tmp_path / "o.csv").write_text(text)
        with pytest.raises(ArtifactError, match=r"o\.csv is no table of outcomes .*: delete it"):
            read_outcomes(tmp_path / "o.csv")
