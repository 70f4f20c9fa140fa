from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ntkcpl.artifacts.accuracy import COLUMNS, KIND, read_accuracy, write_accuracy
from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import write_table

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
    write_accuracy(path, head + tail[::-1], Provenance())
    read = read_accuracy(path)
    assert list(read.columns) == list(COLUMNS)
    assert list(read["experiment"].unique()) == ["b", "a"]
    assert list(read["strategy"].unique()) == ["random", "entropy", "mine"]
    runs = read.groupby(["experiment", "strategy"], sort=False)
    assert all(list(run.index) == list(run.sort_values(["seed", "round"]).index) for _, run in runs)
    assert set(read["selection_seconds"]) == {0.1235}

    again = tmp_path / "again.csv"
    write_accuracy(again, read.to_dict("records"), Provenance())
    assert again.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["accuracy.csv", "again.csv"]


def test_accuracies_are_stored_exactly(tmp_path: Path) -> None:
    thirds: Runs = {"null": {0: [1 / 3, 2 / 3]}}
    write_accuracy(tmp_path / "accuracy.csv", rows(thirds), Provenance())
    read = read_accuracy(tmp_path / "accuracy.csv")
    assert read["test_accuracy"].tolist() == [1 / 3, 2 / 3]
    assert set(read["strategy"]) == {"null"}


def test_unlabelled_pool_has_no_accuracy(tmp_path: Path) -> None:
    unlabelled = [row | {"pool_accuracy": float("nan")} for row in rows(RUNS)]
    write_accuracy(tmp_path / "accuracy.csv", unlabelled, Provenance())
    assert read_accuracy(tmp_path / "accuracy.csv")["pool_accuracy"].isna().all()


GOOD = "toy,random,0,1,10,0.5,0.5,1.0,1.0"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([f"{GOOD},7"], "is no table of accuracy|has the columns"),
        (["toy,random,0,1,10,0.5,0.5,1.0,"], "is no table of accuracy"),
        (["toy,random,0,1,10,50,0.5,1.0,1.0"], "a test accuracy outside"),
        (["toy,random,0,1,10,0.5,1.5,1.0,1.0"], "a pool accuracy outside"),
        (["toy,random,0,one,10,0.5,0.5,1.0,1.0"], "is no table of accuracy"),
        (["toy,random,0,0,10,0.5,0.5,1.0,1.0"], "below 1"),
        (["toy,,0,1,10,0.5,0.5,1.0,1.0"], "an empty name"),
        ([GOOD, GOOD], "two rows for one round"),
        ([GOOD, "toy,random,0,2,10,0.5,0.5,1,1"], "labels that do not grow"),
    ],
)
def test_what_is_no_accuracy_is_refused_in_one_sentence(
    tmp_path: Path, rows: list[str], problem: str
) -> None:
    path = tmp_path / "accuracy.csv"
    write_table(path, KIND, list(COLUMNS), [row.split(",") for row in rows], Provenance())
    with pytest.raises(ArtifactError, match=problem) as error:
        read_accuracy(path)
    assert str(path) in str(error.value)
    assert str(error.value).endswith("move it away and run again")
    assert "\n" not in str(error.value)


def test_pandas_reads_it_and_keeps_the_types(tmp_path: Path) -> None:
    write_accuracy(tmp_path / "accuracy.csv", rows(RUNS), Provenance())
    frame = pd.read_csv(tmp_path / "accuracy.csv")
    pd.testing.assert_frame_equal(
        frame.drop(columns="origin"), read_accuracy(tmp_path / "accuracy.csv"), check_dtype=False
    )
    assert frame["seed"].dtype == "int64"


def test_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"accuracy\.csv does not exist: run the stage"):
        read_accuracy(tmp_path / "accuracy.csv")


def test_accuracy_of_another_experiment_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results/toy/accuracy.csv"
    write_accuracy(path, rows(RUNS, "other"), Provenance(identity=("other",)))
    with pytest.raises(ArtifactError, match=r"accuracy\.csv is of other: move it away"):
        read_accuracy(path)
