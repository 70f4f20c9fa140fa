import os

import pytest

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.outcomes import KIND, Outcome, read_outcomes, write_outcomes
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import write_table


def test_they_come_back_as_they_were(tmp_path):
    name = os.fsdecode(b"=v\xf6gel,1.png")
    rows = [Outcome(1, 8, name, "=cat", "=cat"), Outcome(2, 14, "b.png", "cat", "dog")]
    for number, row in enumerate(rows):
        write_outcomes(tmp_path / f"{number}.csv", [row], Provenance())
    frame = read_outcomes(tmp_path / "0.csv", tmp_path / "1.csv")
    assert frame.to_dict("records") == [
        rows[0]._asdict() | {"right": True},
        rows[1]._asdict() | {"right": False},
    ]


def test_a_foreign_file_is_named(tmp_path):
    path = tmp_path / "results/birds/holdout/outcomes.csv"
    write_outcomes(path, [Outcome(1, 8, "a.png", "cat", "dog")], Provenance())
    path.write_text(path.read_text().replace("dog", "cat"))
    with pytest.raises(ArtifactError, match=r"outcomes\.csv is damaged"):
        read_outcomes(path)
    write_table(path, KIND, ("id", "label"), [("a", "b")], Provenance())
    with pytest.raises(ArtifactError, match=r"outcomes\.csv has other columns than round,"):
        read_outcomes(path)
    # That of a round in the place of the holdout's.
    of_round = Provenance(identity=("birds", "random", 0, 1))
    write_outcomes(path, [Outcome(1, 8, "a.png", "cat", "dog")], of_round)
    with pytest.raises(ArtifactError, match=r"outcomes\.csv is of birds random 0 1"):
        read_outcomes(path)
