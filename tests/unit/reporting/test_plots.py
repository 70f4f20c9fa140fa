from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from ntkcpl.reporting.accuracy import MissingReferenceError
from ntkcpl.reporting.look import STRATEGIES
from ntkcpl.reporting.plots import plot_accuracy, plot_gain, plot_pretraining, save

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


def history() -> pd.DataFrame:
    return pd.DataFrame(
        {"epoch": [1, 2, 3], "loss": [0.1, -0.2, -0.3], "knn_accuracy": [np.nan, 0.5, 0.75]}
    )


def axes(figure: Figure) -> Axes:
    return figure.axes[0]


def bands(figure: Figure) -> list[FillBetweenPolyCollection]:
    return [c for c in axes(figure).collections if isinstance(c, FillBetweenPolyCollection)]


def legend(figure: Figure) -> Iterator[str]:
    return (text.get_text() for text in figure.legends[0].get_texts())


def test_accuracy_shows_means_in_percent_with_bands() -> None:
    figure = plot_accuracy(runs("random", "ntkcpl_al"), "Toy")
    random, ntkcpl = axes(figure).lines
    assert list(random.get_xdata()) == BUDGETS
    assert random.get_ydata()[0] == pytest.approx(85)
    assert to_hex(ntkcpl.get_color()).upper() == STRATEGIES["ntkcpl_al"].colour
    assert ntkcpl.get_linewidth() > random.get_linewidth()
    assert ntkcpl.get_zorder() > random.get_zorder()
    assert axes(figure).get_xlabel() == "Number of labels"
    assert axes(figure).get_ylabel() == "Test accuracy (%)"
    assert axes(figure).get_title() == "Toy"
    assert list(legend(figure)) == ["Random", "NTKCPL (al)"]
    assert bands(figure)[1].get_datalim(axes(figure).transData).height > 0


def test_among_many_strategies_only_ours_have_bands() -> None:
    names = list(STRATEGIES)
    for many, expected in ((names[:9], 9), (names, 2)):
        assert len(bands(plot_accuracy(runs(*many), "Toy"))) == expected
        assert len(axes(plot_accuracy(runs(*many), "Toy")).lines) == len(many)


def test_one_seed_has_no_band(tmp_path: Path) -> None:
    figure = plot_accuracy(runs("random", "entropy", seeds=1), "Toy")
    save(figure, tmp_path / "figure.png")
    assert all(len(band.get_paths()) == 0 for band in bands(figure))
    assert len(axes(figure).lines) == 2


def test_a_strategy_may_lack_rounds(tmp_path: Path) -> None:
    frame = runs("random", "entropy")
    figure = plot_gain(frame[(frame["strategy"] == "random") | (frame["labels"] < 90)], "Toy")
    save(figure, tmp_path / "figure.png")
    assert list(axes(figure).lines[1].get_xdata()) == [20, 40, 60, 80]


def test_gain_is_in_points_above_a_zero_line() -> None:
    figure = plot_gain(runs("random", "entropy"), "Toy")
    zero, entropy = axes(figure).lines
    assert list(zero.get_ydata()) == [0, 0]
    assert entropy.get_ydata()[0] == pytest.approx(100 * (0.005 - 1 / 20))
    assert list(legend(figure)) == ["Random", "Entropy"]
    assert "percentage points" in axes(figure).get_ylabel()


def test_gain_needs_random_and_figures_one_experiment() -> None:
    with pytest.raises(MissingReferenceError):
        plot_gain(runs("entropy"), "Toy")
    two = pd.concat([runs("random"), runs("random").assign(experiment="other")])
    with pytest.raises(ValueError, match="one experiment"):
        plot_accuracy(two, "Toy")


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
    figure = plot_accuracy(runs(*strategies), "Toy")
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.y1 <= axes(figure).get_tightbbox().y0
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_pretraining_shows_only_monitored_epochs() -> None:
    loss, knn = plot_pretraining(history()).axes
    assert list(loss.lines[0].get_ydata()) == [0.1, -0.2, -0.3]
    assert list(knn.lines[0].get_xdata()) == [2, 3]
    assert list(knn.lines[0].get_ydata()) == [50, 75]


def test_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save(
            plot_accuracy(runs("random", "mine"), "Toy"),
            tmp_path / folder / "accuracy.pdf",
            tmp_path / folder / "accuracy.png",
        )
        save(plot_pretraining(history()), tmp_path / folder / "pretraining.pdf")
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["accuracy.pdf", "accuracy.png", "pretraining.pdf"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / "accuracy.pdf").read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in (tmp_path / "a" / "accuracy.pdf").read_bytes()


@pytest.mark.parametrize(("last", "scale"), [(200, "linear"), (2000, "log")])
def test_numbers_of_labels_that_span_much_are_drawn_on_a_logarithmic_axis(
    last: int, scale: str
) -> None:
    accuracy = runs("random")
    figure = plot_accuracy(accuracy.replace({"labels": {200: last}}), "toy")
    assert axes(figure).get_xscale() == scale
    figure.draw_without_rendering()
    ticks = {label.get_text() for label in axes(figure).get_xticklabels()}
    assert {"20", "100", "200"} <= ticks
