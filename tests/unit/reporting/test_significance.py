"""Intervals and paired tests against hand-made cases and SciPy."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

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


def all_ratios(own, base):
    """The ratio of every way to draw as many seeds as there are, with replacement."""
    for drawn in product(range(len(own)), repeat=len(own)):
        mine, theirs = own[list(drawn)], base[list(drawn)]
        yield np.mean(mine.mean(axis=0) > theirs.mean(axis=0) + theirs.std(axis=0, ddof=1) + 1e-9)


# Runs of which 0.9% of all ways or more would have to change sides to move a bound, so that 2,000
# draws give the same bounds as all 256 ways.
@pytest.mark.parametrize("seed", [2, 3, 5, 10])
def test_interval_is_between_quantiles_of_all_ways_to_draw_seeds(seed):
    accuracies = random_runs(seed, seeds=4, labels=12)
    result = ratio_intervals(runs(accuracies)).set_index("strategy")
    assert list(result.index) == ["better", "perfect"]
    for strategy in result.index:
        ratios = list(all_ratios(accuracies[strategy], accuracies["random"]))
        expected = np.quantile(ratios, [0.025, 0.975])
        assert result.loc[strategy, ["low", "high"]].tolist() == pytest.approx(expected)


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


def test_no_spread():
    equal = {"a": [[0.5], [0.6]], "b": [[0.5], [0.6]], "c": [[0.25], [0.35]]}
    result = behind_best(runs(equal)).set_index("strategy")
    assert result.loc["b", "p_value"] == 1
    assert result.loc["c", "p_value"] == 0


def corrected(p_values):
    """Benjamini and Hochberg (1995), step by step: the least p m / rank from there on."""
    order = np.argsort(p_values)
    result = np.empty(len(p_values))
    least = 1.0
    for rank in range(len(p_values), 0, -1):
        row = order[rank - 1]
        least = min(least, p_values[row] * len(p_values) / rank)
        result[row] = least
    return result


def test_p_values_are_corrected_over_the_whole_table():
    result = behind_best(runs(random_runs(seeds=4, labels=6)))
    tested = result[result["p_value"].notna()]
    assert len(tested) == 12
    np.testing.assert_allclose(tested["corrected_p_value"], corrected(tested["p_value"].to_numpy()))
    assert result["corrected_p_value"].isna().equals(result["p_value"].isna())
    assert (tested["corrected_p_value"] > tested["p_value"]).any()


def test_with_one_seed_nothing_is_tested():
    one = behind_best(runs({"a": [[0.5]], "b": [[0.4]]}))
    assert one["difference"].tolist() == pytest.approx([0, 0.1])
    assert one[["p_value", "corrected_p_value"]].isna().all(axis=None)
