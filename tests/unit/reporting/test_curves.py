from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from ntkcpl.reporting.accuracy import MissingReferenceError, learning_curves
from ntkcpl.reporting.curves import PRINTED_NAME, plot_accuracy, plot_gain
from ntkcpl.reporting.look import STRATEGIES
from ntkcpl.reporting.plots import save

BUDGETS = [20, 40, 60, 80, 100, 150, 200]


def runs(*strategies: str, seeds: int = 2) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "experiment": "toy",
            "strategy": strategy,
            "seed": seed,
            "labels": labels,
            "test_accuracy": 0.9 - (1 + rank) / labels + 0.01 * seed * rank,
        }
        for rank, strategy in enumerate(strategies)
        for seed in range(seeds)
        for labels in BUDGETS
    )


def axes(figure: Figure) -> Axes:
    return figure.axes[0]


def bands(figure: Figure) -> list[FillBetweenPolyCollection]:
    return [c for c in axes(figure).collections if isinstance(c, FillBetweenPolyCollection)]


def legend(figure: Figure) -> Iterator[str]:
    return (text.get_text() for text in figure.legends[0].get_texts())


def test_accuracy_shows_means_in_percent_with_bands() -> None:
    figure = plot_accuracy(runs("random", "ntkcpl_al"))
    random, ntkcpl = axes(figure).lines
    assert list(random.get_xdata()) == BUDGETS
    assert random.get_ydata()[0] == pytest.approx(85)
    assert to_hex(ntkcpl.get_color()).upper() == STRATEGIES["ntkcpl_al"].colour
    assert ntkcpl.get_linewidth() > random.get_linewidth()
    assert ntkcpl.get_zorder() > random.get_zorder()
    assert axes(figure).get_xlabel() == "Number of labels"
    assert axes(figure).get_ylabel() == "Test accuracy (%)"
    assert axes(figure).get_title() == "toy"
    assert list(legend(figure)) == ["Random", "NTKCPL (al)"]
    assert bands(figure)[1].get_datalim(axes(figure).transData).height > 0


def test_among_many_strategies_only_ours_have_bands() -> None:
    names = list(STRATEGIES)
    for many, expected in ((names[:9], 9), (names, 2)):
        assert len(bands(plot_accuracy(runs(*many)))) == expected
        assert len(axes(plot_accuracy(runs(*many))).lines) == len(many)


def test_one_seed_has_no_band(tmp_path: Path) -> None:
    figure = plot_accuracy(runs("random", "entropy", seeds=1))
    save(figure, tmp_path / "figure.png")
    assert all(len(band.get_paths()) == 0 for band in bands(figure))
    assert len(axes(figure).lines) == 2


def test_a_strategy_may_lack_rounds(tmp_path: Path) -> None:
    frame = runs("random", "entropy")
    figure = plot_gain(frame[(frame["strategy"] == "random") | (frame["labels"] < 90)])
    save(figure, tmp_path / "figure.png")
    assert list(axes(figure).lines[1].get_xdata()) == [20, 40, 60, 80]


def test_gain_is_in_points_above_a_zero_line() -> None:
    figure = plot_gain(runs("random", "entropy"))
    zero, entropy = axes(figure).lines
    assert list(zero.get_ydata()) == [0, 0]
    assert entropy.get_ydata()[0] == pytest.approx(100 * (0.005 - 1 / 20))
    assert list(legend(figure)) == ["Random", "Entropy"]
    assert "percentage points" in axes(figure).get_ylabel()


def test_gain_needs_random() -> None:
    with pytest.raises(MissingReferenceError):
        plot_gain(runs("entropy"))


def test_each_experiment_has_its_panel_and_each_strategy_one_entry() -> None:
    parts = [
        runs("random", "ntkcpl_al").assign(experiment="first"),
        runs("random", "entropy").assign(experiment="second"),
        runs("entropy").assign(experiment="third"),
    ]
    figure = plot_accuracy(pd.concat(parts))
    assert [panel.get_title() for panel in figure.axes] == ["first", "second", "third", ""]
    assert [len(panel.lines) for panel in figure.axes] == [2, 2, 1, 0]
    assert [panel.axison for panel in figure.axes] == [True, True, True, False]
    assert [bool(panel.get_ylabel()) for panel in figure.axes] == [True, False, True, False]
    assert list(legend(figure)) == ["Random", "NTKCPL (al)", "Entropy"]
    gains = plot_gain(pd.concat(parts))
    assert [panel.get_title() for panel in gains.axes] == ["first", "second"]
    assert list(legend(gains)) == ["Random", "NTKCPL (al)", "Entropy"]


def test_the_papers_curves_are_dashed_behind_those_of_the_same_strategy() -> None:
    paper = learning_curves(runs("random", "entropy", "badge"))
    accuracy = pd.concat(
        [runs("random", "entropy"), runs("random", "badge").assign(experiment="other")]
    )
    for figure, printed in ((plot_accuracy(accuracy, paper), 2), (plot_gain(accuracy, paper), 1)):
        dashed = [line for line in axes(figure).lines if line.get_label().startswith("_")]
        assert len(dashed) == printed  # the experiment did not run badge
        assert all(line.get_linestyle() == "--" for line in dashed)
        ours = axes(figure).lines[-1]
        np.testing.assert_allclose(dashed[-1].get_ydata(), ours.get_ydata())
        assert dashed[-1].get_color() == ours.get_color()
        assert dashed[-1].get_zorder() < ours.get_zorder()
        assert len(figure.axes[1].lines) == 2  # the paper has nothing of this experiment
        assert list(legend(figure)) == ["Random", "Entropy", "BADGE", PRINTED_NAME]


@pytest.mark.parametrize(
    "strategies",
    [
        ["random"],
        list(STRATEGIES),
        [*STRATEGIES, "a_name_of_my_own_that_is_long"],
        [f"strategy_number_{number}" for number in range(7)],
        ["ntkcpl_al_with_all_candidates_c500", "ntkcpl_self_with_all_candidates_c50"],
    ],
)
def test_legend_lies_below_the_axes_and_inside_the_figure(strategies: list[str]) -> None:
    figure = plot_accuracy(runs(*strategies))
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.y1 <= axes(figure).get_tightbbox().y0
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


@pytest.mark.parametrize(("last", "scale"), [(200, "linear"), (2000, "log")])
def test_numbers_of_labels_that_span_much_are_drawn_on_a_logarithmic_axis(
    last: int, scale: str
) -> None:
    accuracy = runs("random")
    figure = plot_accuracy(accuracy.replace({"labels": {200: last}}))
    assert axes(figure).get_xscale() == scale
    figure.draw_without_rendering()
    ticks = {label.get_text() for label in axes(figure).get_xticklabels()}
    assert {"20", "100", "200"} <= ticks
