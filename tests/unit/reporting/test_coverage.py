"""Figures and tables of coverage, its errors, and what it costs."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.frames import write_frame
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.notions import NOTIONS, TRUTH
from ntkcpl.reporting.cluster_number import plot_cluster_number
from ntkcpl.reporting.coverage import (
    COVERAGES,
    ERRORS,
    SHARES,
    plot_coverage,
    plot_errors,
    plot_share,
)
from ntkcpl.reporting.coverage_map import notions_table, plot_coverage_map
from ntkcpl.reporting.estimates import KIND, estimate_table, read_estimates
from ntkcpl.reporting.selection_time import plot_selection_time
from ntkcpl.reporting.tables import markdown

STRATEGIES = ("ntkcpl_self", "ntkcpl_al")


@pytest.fixture
def coverage():
    columns = [*COVERAGES, *ERRORS, *SHARES]
    return pd.DataFrame(
        {"strategy": strategy, "seed": seed, "round": r, "labels": 20 * r}
        | dict.fromkeys(columns, 0.5 + 0.1 * seed)
        for strategy, seed, r in product(STRATEGIES, (0, 1), (1, 2))
    )


@pytest.fixture
def accuracy():
    return pd.DataFrame(
        {
            "experiment": "toy",
            "strategy": strategy,
            "seed": seed,
            "round": r,
            "labels": 200 * r,
            "test_accuracy": 0.5 + 0.1 * r,
            "pool_accuracy": 0.5,
            "selection_seconds": 10.0 * r,
        }
        for strategy, seed, r in product(("random", "ntkcpl_al", "c50"), (0, 1), (3, 2, 1))
    )


@pytest.mark.parametrize(("plot", "lines"), [(plot_coverage, COVERAGES), (plot_errors, ERRORS)])
def test_a_panel_for_each_strategy_and_a_line_for_each_column(coverage, plot, lines):
    figure = plot(coverage, "title")
    assert [axes.get_title() for axes in figure.axes] == ["NTKCPL (self)", "NTKCPL (al)"]
    assert all(len(axes.lines) == len(lines) for axes in figure.axes)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), 55)


@pytest.mark.parametrize("column", SHARES)
def test_a_line_for_each_strategy(coverage, column):
    coverage.loc[coverage["labels"] == 20, column] = np.nan
    (axes,) = plot_share(coverage, column, "title").axes
    assert len(axes.lines) == 2
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [np.nan, 55])


def test_one_strategy_more_than_panels_in_rows(coverage):
    third = coverage[coverage["strategy"] == "ntkcpl_al"].assign(strategy="mine")
    figure = plot_coverage(pd.concat([coverage, third]), "title")
    assert len(figure.axes) == 3


def test_selection_time_is_cumulative_and_ours_in_front(accuracy):
    (axes,) = plot_selection_time(accuracy, "title").axes
    assert axes.get_yscale() == "log"
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["NTKCPL (al)"].get_xdata().tolist() == [200, 400, 600]
    np.testing.assert_allclose(lines["NTKCPL (al)"].get_ydata(), [10, 30, 60])
    assert lines["NTKCPL (al)"].get_zorder() > lines["Random"].get_zorder()


def test_cluster_numbers_are_lines_in_their_order(accuracy):
    (axes,) = plot_cluster_number(accuracy, {"ntkcpl_al": 500, "c50": 50}, "title").axes
    assert [line.get_label() for line in axes.lines] == ["50 clusters", "500 clusters"]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [60, 70, 80])


def test_map_has_a_panel_for_each_notion_and_the_truth():
    rng = np.random.default_rng(0)
    covered = {name: rng.random(30) < 0.5 for name in (*NOTIONS, TRUTH)}
    places = pd.DataFrame(
        {"x": rng.random(30), "y": rng.random(30), "label": np.arange(30), "labelled": True}
        | covered
    )
    figure = plot_coverage_map(places, "title")
    assert len(figure.axes) == 4
    black = figure.axes[1].collections[1].get_offsets()
    np.testing.assert_array_equal(black, places.loc[covered["probcover"], ["x", "y"]])


def test_notions_table_has_the_mean_over_seeds_and_marks_the_nearest_to_the_truth():
    notions = pd.DataFrame(
        {"strategy": "ntkcpl_al", "seed": seed, "round": 1, "labels": 20, "notion": notion}
        | {"coverage": 0.5, "truth": 0.6, "precision": np.nan, "recall": 0.1}
        | {"accuracy": 0.5 + 0.1 * k + 0.1 * seed}
        for seed in (0, 1)
        for k, notion in enumerate(NOTIONS)
    )
    table = notions_table(notions)
    assert table.text.loc["NTKCPL (al): true coverage", 20] == "60.0"
    assert table.text.loc["NTKCPL (al): ProbCover, accuracy", 20] == "65.0"
    assert table.text.loc["NTKCPL (al): ProbCover, precision", 20] == "–"
    assert table.rank.loc["NTKCPL (al): NTKCPL, accuracy", 20] == 1
    assert (table.rank[20] > 0).sum() == 2
    assert "**75.0**" in markdown(table)
    assert (table.data["seeds"] == 2).all()


def estimates_of(accuracy):
    names = ["experiment", "strategy", "seed", "round", "labels"]
    return accuracy[names].assign(estimated_accuracy=0.45)


def test_estimates_stand_beside_the_true_accuracies_that_are_known(accuracy):
    accuracy.loc[accuracy["labels"] == 200, "pool_accuracy"] = np.nan
    text = estimate_table(accuracy, estimates_of(accuracy)).text
    assert text.loc["Random"].tolist() == ["45.0", "45.0 (50.0)", "45.0 (50.0)"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda frame: frame, None),
        (lambda frame: frame.assign(estimated_accuracy=1.2), "outside"),
        (lambda frame: frame.drop(columns="seed"), "has the columns"),
        (lambda frame: frame.assign(seed="x"), "is no table of estimated_accuracy"),
    ],
)
def test_estimates_are_read_with_checks(tmp_path, accuracy, change, problem):
    path = tmp_path / "estimated_accuracy.csv"
    frame = estimates_of(accuracy)
    write_frame(path, KIND, change(frame), Provenance())
    if problem is None:
        pd.testing.assert_frame_equal(read_estimates(path), frame, check_dtype=False)
        return
    with pytest.raises(ArtifactError, match=problem):
        read_estimates(path)
