from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.reporting.accuracy import (
    COLUMNS,
    MissingReferenceError,
    display_name,
    effective_budget_ratio,
    gain_over_random,
    has_reference,
    learning_curves,
    read_accuracy,
    write_accuracy,
)

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


def frame(runs: Runs) -> pd.DataFrame:
    return pd.DataFrame(rows(runs))


def by(result: pd.DataFrame, strategy: str, column: str) -> list[float]:
    return result.loc[result["strategy"] == strategy, column].tolist()


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


def test_learning_curves() -> None:
    curves = learning_curves(frame(RUNS))
    assert list(curves["strategy"].unique()) == ["random", "mine", "entropy"]
    assert by(curves, "random", "labels") == [10, 20, 30]
    assert by(curves, "random", "mean") == pytest.approx([0.3, 0.5, 0.8])
    assert by(curves, "random", "std") == pytest.approx([0.02**0.5, 0, 0])
    assert by(curves, "entropy", "std") == pytest.approx([0.2, 0])
    assert by(curves, "entropy", "seeds") == [3, 3]


def test_one_seed_has_no_standard_deviation() -> None:
    curves = learning_curves(frame({"random": {4: [0.1, 0.2]}}))
    assert curves["mean"].tolist() == [0.1, 0.2]
    assert curves["std"].isna().all()


def test_gain_pairs_seeds_and_labels() -> None:
    gains = gain_over_random(frame(RUNS))
    assert list(gains["strategy"].unique()) == ["mine", "entropy"]
    assert by(gains, "mine", "mean") == pytest.approx([0.2, 0, 0])
    assert by(gains, "mine", "std") == pytest.approx([0.02**0.5, 0, 0.02**0.5])
    # Seed 2 has no run of Random to compare with, so it does not count.
    assert by(gains, "entropy", "mean") == pytest.approx([0.2, 0.1])
    assert by(gains, "entropy", "seeds") == [2, 2]


def test_effective_budget_ratio_is_strict() -> None:
    ratios = effective_budget_ratio(learning_curves(frame(RUNS)))
    # mine: 0.5 > 0.3 + 0.14; 0.5 = 0.5 + 0; 0.8 = 0.8 + 0. entropy: both of its two rounds.
    assert by(ratios, "mine", "ratio") == pytest.approx([1 / 3])
    assert by(ratios, "entropy", "ratio") == [1.0]
    assert by(ratios, "entropy", "label_counts") == [2]


def test_equal_means_that_differ_by_rounding_are_equal() -> None:
    accuracies = [0.1, 0.2, 0.3]
    assert sum(accuracies) / 3 > 0.2  # 0.20000000000000004
    mine = {seed: [accuracy] for seed, accuracy in enumerate(accuracies)}
    runs: Runs = {"random": {seed: [0.2] for seed in mine}, "mine": mine}
    assert effective_budget_ratio(learning_curves(frame(runs)))["effective"].tolist() == [0]


def test_ratio_is_unknown_with_one_seed_of_random() -> None:
    ratios = effective_budget_ratio(
        learning_curves(frame({"random": {0: [0.2]}, "mine": {0: [0.9]}}))
    )
    assert ratios["label_counts"].tolist() == [0]
    assert ratios["ratio"].isna().all()


def test_reference_may_have_another_name() -> None:
    assert gain_over_random(frame(RUNS), "mine")["strategy"].unique().tolist() == [
        "random",
        "entropy",
    ]


def test_without_random_one_sentence_says_so() -> None:
    alone = frame({"mine": {0: [0.5]}})
    assert not has_reference(alone)
    for function in (gain_over_random, effective_budget_ratio):
        with pytest.raises(MissingReferenceError, match="strategy random, which toy does not have"):
            function(alone)


def test_experiments_without_random_are_left_out() -> None:
    both = pd.DataFrame([*rows(RUNS), *rows({"mine": {0: [0.5]}}, "bare")])
    assert set(gain_over_random(both)["experiment"]) == {"toy"}
    assert set(effective_budget_ratio(learning_curves(both))["experiment"]) == {"toy"}


def test_inputs_stay_as_they_are() -> None:
    given, curves = frame(RUNS), learning_curves(frame(RUNS))
    before, curves_before = given.copy(), curves.copy()
    for function in (learning_curves, gain_over_random):
        function(given)
    effective_budget_ratio(curves)
    pd.testing.assert_frame_equal(given, before)
    pd.testing.assert_frame_equal(curves, curves_before)


def test_display_names() -> None:
    assert display_name("ntkcpl_self") == "NTKCPL (self)"
    assert display_name("ntkcpl_al_c50") == "ntkcpl_al_c50"
