"""Intervals and paired tests against hand-made cases and SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from ntkcpl.reporting.accuracy import effective_budget_ratio, learning_curves
from ntkcpl.reporting.significance import behind_best, ratio_intervals


def runs(accuracies, experiment="toy"):
    """Rows of {strategy: (seeds, labels) accuracies}."""
    return pd.DataFrame(
        [
            (experiment, strategy, seed, 10 * (k + 1), value)
            for strategy, table in accuracies.items()
            for seed, row in enumerate(table)
            for k, value in enumerate(row)
        ],
        columns=["experiment", "strategy", "seed", "labels", "test_accuracy"],
    )


def random_runs(seed=0, seeds=5, labels=6):
    rng = np.random.default_rng(seed)
    return {
        "random": rng.normal(0.5, 0.05, (seeds, labels)),
        "better": rng.normal(0.56, 0.05, (seeds, labels)),
        "perfect": rng.normal(0.9, 0.01, (seeds, labels)),
    }


def test_interval_is_that_of_resampled_seeds():
    accuracies = random_runs()
    result = ratio_intervals(runs(accuracies), resamples=4000).set_index("strategy")
    assert list(result.index) == ["better", "perfect"]
    assert result.loc["perfect", ["low", "high"]].tolist() == [1, 1]
    rng, ratios = np.random.default_rng(1), []
    for _ in range(4000):  # the slow way, through the table
        drawn = rng.integers(5, size=5)
        again = runs({name: table[drawn] for name, table in accuracies.items()})
        base = again[again["strategy"] == "random"].groupby("labels")["test_accuracy"]
        own = again[again["strategy"] == "better"].groupby("labels")["test_accuracy"]
        ratios.append((own.mean() > base.mean() + base.std()).mean())
        if len(ratios) == 1000:
            break
    low, high = result.loc["better", ["low", "high"]]
    expected = np.quantile(ratios, [0.025, 0.975])
    np.testing.assert_allclose([low, high], expected, atol=1 / 6 + 1e-9)
    table = runs(accuracies)
    ratios = effective_budget_ratio(learning_curves(table)).set_index("strategy")
    ratio = ratios.loc["better", "ratio"]
    assert low <= ratio <= high


def test_interval_needs_two_seeds_and_skips_experiments_without_random():
    one = runs({name: table[:1] for name, table in random_runs().items()})
    assert ratio_intervals(one)[["low", "high"]].isna().all(axis=None)
    bare = runs({"better": random_runs()["better"]}, "bare")
    both = pd.concat([runs(random_runs()), bare])
    assert set(ratio_intervals(both)["experiment"]) == {"toy"}


def test_interval_does_not_depend_on_company():
    accuracies = random_runs()
    alone = {name: accuracies[name] for name in ("random", "better")}
    together = ratio_intervals(runs(accuracies)).set_index("strategy").loc["better"]
    pd.testing.assert_series_equal(
        together, ratio_intervals(runs(alone)).set_index("strategy").loc["better"]
    )


def test_difference_to_the_best_is_paired():
    accuracies = random_runs(seeds=4, labels=2)
    result = behind_best(runs(accuracies)).set_index(["labels", "strategy"])
    for labels, column in ((10, 0), (20, 1)):
        assert set(result.loc[labels, "best"]) == {"perfect"}
        gap = accuracies["perfect"][:, column] - accuracies["better"][:, column]
        row = result.loc[(labels, "better")]
        assert row["difference"] == pytest.approx(gap.mean())
        assert row["p_value"] == pytest.approx(ttest_1samp(gap, 0).pvalue)
        assert result.loc[(labels, "perfect"), "difference"] == 0
        assert np.isnan(result.loc[(labels, "perfect"), "p_value"])


def test_no_spread_and_one_seed():
    equal = {"a": [[0.5], [0.6]], "b": [[0.5], [0.6]], "c": [[0.25], [0.35]]}
    result = behind_best(runs(equal)).set_index("strategy")
    assert result.loc["b", "p_value"] == 1
    assert result.loc["c", "p_value"] == 0
    single = behind_best(runs({"a": [[0.5]], "b": [[0.4]]})).set_index("strategy")
    assert np.isnan(single.loc["b", "p_value"])
    assert single.loc["b", "difference"] == pytest.approx(0.1)
