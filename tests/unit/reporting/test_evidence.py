"""Differences from runs and from printed means, against SciPy on the numbers themselves."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind, ttest_rel

from ntkcpl.reporting.accuracy import effective_budget_ratio, learning_curves
from ntkcpl.reporting.evidence import Curves, Runs, printed_gain, welch_p_value
from ntkcpl.reporting.significance import common_runs, ratio_difference_interval

LABELS = [10, 20, 40]


def runs(accuracies):
    """Rows of {strategy: (seeds, labels) accuracies}."""
    return pd.DataFrame(
        [
            ("toy", strategy, seed, labels, value)
            for strategy, table in accuracies.items()
            for seed, row in enumerate(table)
            for labels, value in zip(LABELS, row, strict=True)
        ],
        columns=["experiment", "strategy", "seed", "labels", "test_accuracy"],
    )


@pytest.fixture
def accuracies():
    rng = np.random.default_rng(0)
    means = {"random": 0.5, "mine": 0.55, "entropy": 0.45}
    return {name: rng.normal(mean, 0.05, (5, 3)) for name, mean in means.items()}


@pytest.mark.parametrize("bound", [0.0, -0.03])
def test_runs_are_paired_by_seed(accuracies, bound):
    found = Runs(runs(accuracies)).differences("mine", "random", bound)
    mine, random = accuracies["mine"], accuracies["random"] + bound
    assert found.labels.tolist() == LABELS
    np.testing.assert_allclose(found.difference, (mine - random).mean(axis=0))
    np.testing.assert_allclose(found.p_value, ttest_rel(mine, random).pvalue)
    assert found.mean == pytest.approx((mine - random).mean())
    averages = ttest_rel(mine.mean(axis=1), random.mean(axis=1))
    assert found.mean_p_value == pytest.approx(averages.pvalue)


@pytest.mark.parametrize("bound", [0.0, -0.03])
def test_curves_are_not(accuracies, bound):
    found = Curves(learning_curves(runs(accuracies))).differences("mine", "random", bound)
    mine, random = accuracies["mine"], accuracies["random"] + bound
    assert found.labels.tolist() == LABELS
    np.testing.assert_allclose(found.difference, mine.mean(axis=0) - random.mean(axis=0))
    np.testing.assert_allclose(found.p_value, ttest_ind(mine, random, equal_var=False).pvalue)
    assert found.mean == pytest.approx((mine - random).mean())


def test_average_of_curves_takes_all_numbers_of_labels_to_vary_together(accuracies):
    # Runs that do: each keeps its distance from the mean. Then the average's spread is exact.
    together = {name: table[:, :1] + np.array([0, 0.1, 0.2]) for name, table in accuracies.items()}
    found = Curves(learning_curves(runs(together))).differences("mine", "random", 0)
    averages = (together[name].mean(axis=1) for name in ("mine", "random"))
    assert found.mean_p_value == pytest.approx(ttest_ind(*averages, equal_var=False).pvalue)


def test_only_what_both_have_counts(accuracies):
    table = runs(accuracies)
    lacks = ((table["strategy"] == "mine") & (table["labels"] == 20)) | (
        (table["strategy"] == "random") & (table["seed"] == 3)
    )
    own, other = common_runs(table[~lacks], "mine", "random")
    assert own.index.tolist() == other.index.tolist() == [0, 1, 2, 4]
    assert own.columns.tolist() == [10, 40]
    np.testing.assert_array_equal(own[40], accuracies["mine"][[0, 1, 2, 4], 2])
    for evidence in (Runs(table[~lacks]), Curves(learning_curves(table[~lacks]))):
        assert evidence.differences("mine", "random", 0).labels.tolist() == [10, 40]
        assert evidence.between(11, 39).differences("mine", "random", 0).labels.tolist() == []
        assert evidence.between(10, 40).differences("mine", "random", 0).labels.tolist() == [10, 40]


def test_one_seed_tells_no_spread(accuracies):
    table = runs({name: values[:1] for name, values in accuracies.items()})
    for evidence in (Runs(table), Curves(learning_curves(table))):
        found = evidence.differences("mine", "random", 0)
        assert np.isnan(found.p_value).all()
        assert np.isnan(found.mean_p_value)
        assert found.mean == pytest.approx((accuracies["mine"] - accuracies["random"])[0].mean())
        assert np.isnan(evidence.ratio_interval("mine", "random")).all()


def test_interval_of_ratios_is_that_of_resampled_seeds(accuracies):
    table = runs(accuracies)
    low, high = ratio_difference_interval(table, "mine", "entropy")
    rng, gaps = np.random.default_rng(1), []
    for _ in range(400):  # the slow way, through the table
        drawn = rng.integers(5, size=5)
        again = runs({name: values[drawn] for name, values in accuracies.items()})
        ratio = effective_budget_ratio(learning_curves(again)).set_index("strategy")["ratio"]
        gaps.append(ratio["mine"] - ratio["entropy"])
    np.testing.assert_allclose([low, high], np.quantile(gaps, [0.025, 0.975]), atol=1 / 3 + 1e-9)
    assert low < high
    assert ratio_difference_interval(table, "mine", "mine") == (0, 0)


def test_printed_gain_has_the_standard_error_of_welchs_test(accuracies):
    curves = learning_curves(runs(accuracies))
    gain = printed_gain(curves)
    assert gain["strategy"].unique().tolist() == ["mine", "entropy"]
    mine, random = accuracies["mine"], accuracies["random"]
    own = gain[gain["strategy"] == "mine"]
    np.testing.assert_allclose(own["mean"], (mine.mean(axis=0) - random.mean(axis=0)))
    error = np.sqrt(mine.var(axis=0, ddof=1) / 5 + random.var(axis=0, ddof=1) / 5)
    np.testing.assert_allclose(own["std"] / np.sqrt(own["seeds"]), error)


def test_welch_of_one_pair_and_of_many(accuracies):
    mine, random = (learning_curves(runs({name: accuracies[name]})) for name in ("mine", "random"))
    expected = ttest_ind(accuracies["mine"], accuracies["random"], equal_var=False).pvalue
    np.testing.assert_allclose(welch_p_value(mine, random), expected)
    assert welch_p_value(mine.iloc[0], random.iloc[0]) == pytest.approx(expected[0])
