"""Ranks, thirds and nearness against hand-made cases."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from ntkcpl.reporting.comparison import (
    by_third,
    differences,
    error_table,
    near_best,
    near_best_table,
    plot_ranks,
    ranks,
    standard_errors,
    thirds_table,
)
from ntkcpl.reporting.tables import markdown


def runs(accuracies, experiment="toy"):
    """Rows of {strategy: (seeds, labels) accuracies}."""
    return pd.DataFrame(
        [
            (experiment, strategy, seed, k + 1, 10 * (k + 1), value)
            for strategy, table in accuracies.items()
            for seed, row in enumerate(table)
            for k, value in enumerate(row)
        ],
        columns=["experiment", "strategy", "seed", "round", "labels", "test_accuracy"],
    )


TWO = {"a": [[0.5, 0.6, 0.7], [0.7, 0.6, 0.7]], "b": [[0.65, 0.5, 0.8], [0.65, 0.6, 0.8]]}


def test_standard_errors_are_of_the_mean():
    found = standard_errors(runs(TWO)).set_index(["strategy", "labels"])
    assert found.loc[("a", 10), "mean"] == pytest.approx(0.6)
    assert found.loc[("a", 10), "error"] == pytest.approx(np.std([0.5, 0.7], ddof=1) / np.sqrt(2))
    assert np.isnan(standard_errors(runs({"a": [[0.5]]}))["error"]).all()


def test_ranks_begin_at_the_highest_mean_and_equals_share_one():
    found = ranks(runs(TWO | {"c": TWO["a"]})).pivot(
        index="strategy", columns="labels", values="rank"
    )
    np.testing.assert_array_equal(found.loc["b"], [1, 3, 1])
    np.testing.assert_array_equal(found.loc["a"], [2.5, 1.5, 2.5])
    np.testing.assert_array_equal(found.loc["c"], found.loc["a"])


def test_near_the_best_is_within_the_best_one_s_standard_error():
    found = near_best(runs(TWO)).set_index("strategy")
    # At 10 labels b is the best without any spread, at 20 a, at 30 b.
    assert found["near"].to_dict() == {"a": 1, "b": 2}
    wide = TWO | {"b": [[0.55, 0.5, 0.8], [0.75, 0.6, 0.8]]}  # the best at 10 has an error of 0.1
    assert near_best(runs(wide)).set_index("strategy")["near"].to_dict() == {"a": 2, "b": 2}


def test_thirds_are_means_over_label_counts_and_leave_out_runs_that_lack_some():
    rng = np.random.default_rng(0)
    table = rng.random((3, 7))
    some = runs({"a": table})
    found = by_third(some).pivot(index="seed", columns="third", values="test_accuracy")
    np.testing.assert_allclose(found["first"], table[:, :3].mean(axis=1))
    np.testing.assert_allclose(found["middle"], table[:, 3:5].mean(axis=1))
    np.testing.assert_allclose(found["last"], table[:, 5:].mean(axis=1))
    stopped = by_third(some[(some["seed"] != 1) | (some["labels"] <= 40)])
    assert stopped.groupby("third")["seed"].apply(list).to_dict() == {
        "first": [0, 1, 2],
        "middle": [0, 2],
        "last": [0, 2],
    }


def test_differences_are_paired_and_corrected_over_the_whole_table():
    rng = np.random.default_rng(1)
    tables = {name: rng.random((5, 6)) for name in "abc"}
    accuracy = pd.concat([runs(tables), runs({n: t[:4] + 0.1 for n, t in tables.items()}, "other")])
    found = differences(accuracy, "a")
    assert len(found) == 2 * 3 * 2
    row = found.set_index(["experiment", "third", "strategy"]).loc[("toy", "middle", "b")]
    mine, theirs = (tables[name][:, 2:4].mean(axis=1) for name in "ab")
    assert row["difference"] == pytest.approx((mine - theirs).mean())
    assert row["p_value"] == pytest.approx(ttest_rel(mine, theirs).pvalue)
    assert (found["corrected_p_value"] >= found["p_value"]).all()
    assert found["corrected_p_value"].max() == pytest.approx(found["p_value"].max())


def test_tables_and_figure_show_every_strategy():
    rng = np.random.default_rng(2)
    accuracy = pd.concat(
        [
            runs({name: rng.random((3, 6)) for name in ("random", "bait", "mine")}),
            runs({name: rng.random((3, 4)) for name in ("random", "mine")}, "other"),
        ]
    )
    toy = accuracy[accuracy["experiment"] == "toy"]
    for table in (error_table(toy), near_best_table(toy), thirds_table(accuracy, "mine")):
        text = markdown(table)
        assert all(name in text for name in ("Random", "BAIT", "mine"))
        assert text.count("**") >= 2
    figure = plot_ranks(accuracy)
    assert [len(axes.get_xticks()) for axes in figure.axes] == [6, 4, 1]
    assert {label.get_text() for label in figure.axes[0].get_yticklabels()} == {
        "Random",
        "BAIT",
        "mine",
    }


def test_a_chain_that_is_not_done_is_not_the_best():
    rows = runs({"random": [[0.5, 0.6], [0.4, 0.6]], "bait": [[0.7, 0.5], [0.7, 0.5]]})
    begun = rows[(rows["strategy"] == "random") | (rows["labels"] == 10)]
    text = markdown(error_table(begun))
    assert "**–**" not in text
    assert "**60.0±0.0**" in text
