"""Figures of learning curves: a panel for each experiment, and one legend."""

from typing import Any

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ntkcpl.reporting.accuracy import REFERENCE, gain_over_random, learning_curves
from ntkcpl.reporting.evidence import printed_gain
from ntkcpl.reporting.look import (
    AXES_HEIGHT,
    COLUMN_WIDTH,
    GREY,
    LEGEND_CHARACTERS,
    LEGEND_LINE_CHARACTERS,
    LEGEND_ROW_HEIGHT,
    STYLE_SHEET,
    display_name,
    look,
)
from ntkcpl.reporting.plots import draw_label_axis

PANELS = 2  # side by side at most: the width of a page
MOST_BANDS = 9  # strategies, as many as the paper compares, that are all drawn with a band
LEGEND_COLUMNS = 3  # a panel, at most
PRINTED: dict[str, Any] = {"linestyle": (0, (5, 2)), "linewidth": 0.8, "alpha": 0.55}
PRINTED_NAME = "dashed: the paper"


def plot_accuracy(accuracy: pd.DataFrame, paper: pd.DataFrame | None = None) -> Figure:
    """Draw test accuracy against the number of labels, as in Fig. 2 of Wen et al. (2023).

    Parameters
    ----------
    accuracy
        Runs of one experiment or more (see `artifacts.accuracy`).
    paper
        What the paper printed for them (see `artifacts.reference.read_curves`), drawn behind ours
        for strategies that ran; an experiment without any is drawn alone.

    Returns
    -------
    Figure
        A panel for each experiment. Lines and markers are means over seeds, bands one standard
        deviation to either side; of more than `MOST_BANDS` strategies, only NTKCPL's have
        one. With one seed there is no band. The paper's lines are dashed, without markers and
        bands.
    """
    return _figure(learning_curves(accuracy), "Test accuracy (%)", printed=paper)


def plot_gain(accuracy: pd.DataFrame, paper: pd.DataFrame | None = None) -> Figure:
    """Draw the gain over Random against the number of labels, as in Fig. 3, ibid.

    Parameters
    ----------
    accuracy, paper
        As for `plot_accuracy`; experiments without Random are left out.

    Returns
    -------
    Figure
        As for `plot_accuracy`, of the paired differences of `evaluation.gain_over_random`; Random
        is the zero line.

    Raises
    ------
    MissingReferenceError
        If no experiment ran Random.
    """
    unit = f"Gain over {display_name(REFERENCE)}\n(percentage points)"
    printed = None if paper is None else printed_gain(paper)
    return _figure(gain_over_random(accuracy), unit, printed, zero=REFERENCE)


def _figure(
    curves: pd.DataFrame, unit: str, printed: pd.DataFrame | None, zero: str | None = None
) -> Figure:
    """Draw curves of shares in percent, the legend below; `zero` names the strategy at 0."""
    experiments = list(curves["experiment"].unique())
    strategies = [zero] * (zero is not None) + list(curves["strategy"].unique())
    names = [*map(display_name, strategies)] + [PRINTED_NAME] * (printed is not None)
    across = min(len(experiments), PANELS)
    down = -(-len(experiments) // across)
    columns = _legend_columns(names, across)
    height = AXES_HEIGHT * down + LEGEND_ROW_HEIGHT * -(-len(names) // columns)
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=(COLUMN_WIDTH * across, height))
        panels = figure.subplots(down, across, squeeze=False)
        for axes, experiment in zip(panels.flat, experiments, strict=False):
            own = curves[curves["experiment"] == experiment]
            if zero is not None:
                axes.axhline(0, label=display_name(zero), **look(zero).of_line())
            if printed is not None:
                _draw_printed(axes, printed[printed["experiment"] == experiment], own)
            _draw_runs(axes, own, all_bands=len(strategies) <= MOST_BANDS)
            axes.set_title(experiment)
            draw_label_axis(axes, own["labels"])
        for axes in panels[:, 0]:
            axes.set_ylabel(unit)
        for axes in panels.flat[len(experiments) :]:
            axes.set_axis_off()
        _draw_legend(figure, names, columns)
    return figure


def _draw_runs(axes: Axes, curves: pd.DataFrame, all_bands: bool) -> None:
    for strategy, points in curves.groupby("strategy", sort=False):
        drawn = look(str(strategy))
        mean, std = 100 * points["mean"], 100 * points["std"]
        layer = 3 if drawn.emphasised else 2
        if all_bands or drawn.emphasised:  # the bands of many curves hide them all
            axes.fill_between(
                points["labels"],
                mean - std,
                mean + std,
                color=drawn.colour,
                alpha=0.13,
                linewidth=0,
                zorder=layer - 1.5,
            )
        axes.plot(
            points["labels"],
            mean,
            label=display_name(str(strategy)),
            marker=drawn.marker,
            markeredgecolor="white",
            markeredgewidth=0.4,
            zorder=layer,
            **drawn.of_line(),
        )


def _draw_printed(axes: Axes, printed: pd.DataFrame, runs: pd.DataFrame) -> None:
    ran = printed[printed["strategy"].isin(runs["strategy"])]
    for strategy, points in ran.groupby("strategy", sort=False):
        colour = look(str(strategy)).colour
        axes.plot(points["labels"], 100 * points["mean"], color=colour, zorder=1.8, **PRINTED)


def _draw_legend(figure: Figure, names: list[str], columns: int) -> None:
    """Draw one entry for each of `names`, in their order, whichever panels it is in."""
    drawn = {str(line.get_label()): line for axes in figure.axes for line in axes.get_lines()}
    drawn[PRINTED_NAME] = Line2D([], [], color=GREY, label=PRINTED_NAME, **PRINTED)
    handles = [drawn[name] for name in names]
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def _legend_columns(names: list[str], panels: int) -> int:
    """Return the largest number of columns, up to a limit, that surely fits the figure's width."""
    widest = sorted((len(name) + LEGEND_LINE_CHARACTERS for name in names), reverse=True)
    fitting = range(LEGEND_COLUMNS * panels, 1, -1)
    return next((n for n in fitting if sum(widest[:n]) <= LEGEND_CHARACTERS * panels), 1)
