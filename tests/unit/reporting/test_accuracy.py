import pandas as pd
import pytest

from ntkcpl.reporting.accuracy import (
    MissingReferenceError,
    effective_budget_ratio,
    gain_over_random,
    has_reference,
    learning_curves,
)

Runs = dict[str, dict[int, list[float]]]

# strategy -> seed -> accuracy at 10, 20, ... labels
RUNS: Runs = {
    "random": {0: [0.2, 0.5, 0.8], 1: [0.4, 0.5, 0.8]},
    "mine": {0: [0.5, 0.5, 0.9], 1: [0.5, 0.5, 0.7]},
    "entropy": {0: [0.4, 0.6], 1: [0.6, 0.6], 2: [0.8, 0.6]},
}


def frame(runs: Runs, experiment: str = "toy") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "experiment": experiment,
            "strategy": strategy,
            "seed": seed,
            "labels": 10 * number,
            "test_accuracy": accuracy,
        }
        for strategy, seeds in runs.items()
        for seed, accuracies in seeds.items()
        for number, accuracy in enumerate(accuracies, start=1)
    )


def by(result: pd.DataFrame, strategy: str, column: str) -> list[float]:
    return result.loc[result["strategy"] == strategy, column].tolist()


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


def test_without_random_one_sentence_says_so() -> None:
    alone = frame({"mine": {0: [0.5]}})
    assert not has_reference(alone)
    for function in (gain_over_random, effective_budget_ratio):
        with pytest.raises(MissingReferenceError, match="strategy random, which toy does not have"):
            function(alone)


def test_experiments_without_random_are_left_out() -> None:
    both = pd.concat([frame(RUNS), frame({"mine": {0: [0.5]}}, "bare")])
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
