from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ntkcpl.artifacts.accuracy import COLUMNS, read_accuracy, write_accuracy
from ntkcpl.artifacts.files import ArtifactError

Runs = dict[str, dict[int, list[float]]]

# strategy -> seed -> accuracy at 10, 20, ... labels
RUNS: Runs = {
    "random": {0: [0.2, 0.5, 0.8], 1: [0.4, 0.5, 0.8]},
    "mine": {0: [0.5, 0.5, 0.9], 1: [0.5, 0.5, 0.7]},
    "entropy": {0: [0.4, 0.6], 1: [0.6, 0.6], 2: [0.8, 0.6]},
}


def rows(runs: Runs, experiment: str = "toy") -> Iterator[dict[str, Any]]:
    for strategy, seeds in runs.items():
        for seed, accuracies in seeds.items():
            for number, accuracy in enumerate(accuracies, start=1):
                yield {
                    "experiment": experiment,
                    "strategy": strategy,
                    "seed": seed,
                    "round": number,
                    "labels": 10 * number,
                    "test_accuracy": accuracy,
                    "pool_accuracy": accuracy,
                    "selection_seconds": 0.123456,
                    "training_seconds": 2.0,
                }


def test_file_comes_back_sorted_strategies_in_the_order_given(tmp_path: Path) -> None:
    path = tmp_path / "accuracy.csv"
    given = [*rows(RUNS, "b"), *rows(RUNS, "a")]
    head, tail = given[:1], given[1:]
    write_accuracy(path, head + tail[::-1])
    read = read_accuracy(path)
    assert list(read.columns) == list(COLUMNS)
    assert list(read["experiment"].unique()) == ["b", "a"]
    assert list(read["strategy"].unique()) == ["random", "entropy", "mine"]
    runs = read.groupby(["experiment", "strategy"], sort=False)
    assert all(list(run.index) == list(run.sort_values(["seed", "round"]).index) for _, run in runs)
    assert set(read["selection_seconds"]) == {0.1235}

    again = tmp_path / "again.csv"
    write_accuracy(again, read.to_dict("records"))
    assert again.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["accuracy.csv", "again.csv"]


def test_accuracies_are_stored_exactly(tmp_path: Path) -> None:
    thirds: Runs = {"null": {0: [1 / 3, 2 / 3]}}
    write_accuracy(tmp_path / "accuracy.csv", rows(thirds))
    read = read_accuracy(tmp_path / "accuracy.csv")
    assert read["test_accuracy"].tolist() == [1 / 3, 2 / 3]
    assert set(read["strategy"]) == {"null"}


def test_unlabelled_pool_has_no_accuracy(tmp_path: Path) -> None:
    unlabelled = [row | {"pool_accuracy": float("nan")} for row in rows(RUNS)]
    write_accuracy(tmp_path / "accuracy.csv", unlabelled)
    assert read_accuracy(tmp_path / "accuracy.csv")["pool_accuracy"].isna().all()


HEADER = ",".join(COLUMNS)
GOOD = "toy,random,0,1,10,0.5,0.5,1.0,1.0"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no accuracy.csv"),
        ("\x00\x01", "has the columns"),
        (HEADER, "has no rows"),
        ("strategy,seed\nmine,0", "has the columns"),
        (f"{HEADER}\n{GOOD},7", "is no accuracy.csv"),
        (f"{HEADER}\n{GOOD}\ntoy,random,0,2,2", "is no accuracy.csv"),
        (f"{HEADER}\n{GOOD}\ntoy,random,0", "is no accuracy.csv"),
        (f"{HEADER}\ntoy,random,0,1,10,0.5,0.5,1.0,", "is no accuracy.csv"),
        (f"{HEADER}\ntoy,random,0,1,10,50,0.5,1.0,1.0", "a test accuracy outside"),
        (f"{HEADER}\ntoy,random,0,1,10,0.5,1.5,1.0,1.0", "a pool accuracy outside"),
        (f"{HEADER}\ntoy,random,0,one,10,0.5,0.5,1.0,1.0", "is no accuracy.csv"),
        (f"{HEADER}\ntoy,random,0,0,10,0.5,0.5,1.0,1.0", "below 1"),
        (f"{HEADER}\ntoy,,0,1,10,0.5,0.5,1.0,1.0", "an empty name"),
        (f"{HEADER}\n{GOOD}\n{GOOD}", "two rows for one round"),
        (f"{HEADER}\n{GOOD}\ntoy,random,0,2,10,0.5,0.5,1,1", "labels that do not grow"),
    ],
)
def test_damaged_file_is_refused_in_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "accuracy.csv"
    path.write_text(text + "\n" if text else text)
    with pytest.raises(ArtifactError, match=problem) as error:
        read_accuracy(path)
    assert str(path) in str(error.value)
    assert str(error.value).endswith("delete it and run again")
    assert "\n" not in str(error.value)


def test_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"accuracy\.csv does not exist: run the stage"):
        read_accuracy(tmp_path / "accuracy.csv")
