"""Figures from tidy data."""

from pathlib import Path

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter

from ntkcpl.artifacts.files import atomic
from ntkcpl.reporting.accuracy import REFERENCE, gain_over_random, learning_curves
from ntkcpl.reporting.look import (
    AXES_HEIGHT,
    BAND_ALPHA,
    BLUE,
    COLUMN_WIDTH,
    LEGEND_CHARACTERS,
    LEGEND_LINE_CHARACTERS,
    LEGEND_ROW_HEIGHT,
    LINE_WIDTH,
    STYLE_SHEET,
    VERMILLION,
    display_name,
    look,
)

LINEAR_SPAN = 20  # greatest ratio of numbers of labels on a linear axis
MOST_BANDS = 9  # strategies, as many as the paper compares, that are all drawn with a band


def plot_accuracy(accuracy: pd.DataFrame, title: str) -> Figure:
    """Draw test accuracy against the number of labels, as in Fig. 2 of Wen et al. (2023).

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `artifacts.accuracy`).
    title
        Title of the figure.

    Returns
    -------
    Figure
        Lines and markers are means over seeds, bands one standard deviation to either side; of
        more than `MOST_BANDS` strategies, only NTKCPL's have one. With one seed there is no band.
    """
    with matplotlib.style.context(STYLE_SHEET):
        return _figure_of_curves(learning_curves(accuracy), title, "Test accuracy (%)")


def plot_gain(accuracy: pd.DataFrame, title: str) -> Figure:
    """Draw the gain over Random against the number of labels, as in Fig. 3, ibid.

    Parameters
    ----------
    accuracy, title
        As for `plot_accuracy`.

    Returns
    -------
    Figure
        As for `plot_accuracy`, of the paired differences of `gain_over_random`; Random is the
        zero line.

    Raises
    ------
    MissingReferenceError
        If the experiment did not run Random.
    """
    unit = f"Gain over {display_name(REFERENCE)}\n(percentage points)"
    with matplotlib.style.context(STYLE_SHEET):
        return _figure_of_curves(gain_over_random(accuracy), title, unit, zero=REFERENCE)


def plot_pretraining(history: pd.DataFrame) -> Figure:
    """Draw the loss and the k-NN accuracy of pretraining against the epoch.

    Parameters
    ----------
    history
        epoch, loss, knn_accuracy (a share, NaN for epochs without the monitor).
    """
    monitored = history.dropna(subset="knn_accuracy")
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=(COLUMN_WIDTH, 2.6))
        loss, knn = figure.subplots(2, 1, sharex=True)
        loss.plot(history["epoch"], history["loss"], color=BLUE, linewidth=LINE_WIDTH)
        loss.set_ylabel("Loss")
        knn.plot(
            monitored["epoch"],
            100 * monitored["knn_accuracy"],
            color=VERMILLION,
            linewidth=LINE_WIDTH,
            marker="o",
        )
        knn.set_ylabel("k-NN accuracy (%)")
        knn.set_xlabel("Epoch")
        knn.xaxis.set_major_locator(_round_ticks())
        figure.align_ylabels()
    return figure


def draw_label_axis(axes: Axes, labels: pd.Series) -> None:
    """Name the axis of the number of labels, and make it logarithmic if they span much."""
    axes.set_xlabel("Number of labels")
    if labels.max() <= LINEAR_SPAN * labels.min():
        axes.xaxis.set_major_locator(_round_ticks())
        return
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())


def save(figure: Figure, *paths: str | Path) -> None:
    """Save `figure` atomically to each of `paths` (.pdf, .png); equal data give equal bytes."""
    undated = {".pdf": {"CreationDate": None}, ".png": {"Software": None}}
    for path in map(Path, paths):
        with matplotlib.style.context(STYLE_SHEET), atomic(path) as temporary:
            figure.savefig(
                temporary, format=path.suffix[1:], dpi=300, metadata=undated[path.suffix]
            )


def _figure_of_curves(
    curves: pd.DataFrame, title: str, unit: str, zero: str | None = None
) -> Figure:
    """Draw curves of shares in percent, the legend below; `zero` names the strategy at 0."""
    if curves["experiment"].nunique() > 1:
        raise ValueError("a figure shows one experiment: select its rows first")
    names = [zero] * (zero is not None) + list(curves["strategy"].unique())
    columns = _legend_columns(names)
    height = AXES_HEIGHT + LEGEND_ROW_HEIGHT * -(-len(names) // columns)
    figure = Figure(figsize=(COLUMN_WIDTH, height))
    axes = figure.subplots()
    if zero is not None:
        axes.axhline(0, label=display_name(zero), **look(zero).of_line())
    for strategy, points in curves.groupby("strategy", sort=False):
        # The bands of many curves hide them all.
        band = len(names) <= MOST_BANDS or look(str(strategy)).emphasised
        _draw_curve(axes, str(strategy), points, band)
    axes.set_title(title)
    axes.set_ylabel(unit)
    draw_label_axis(axes, curves["labels"])
    figure.legend(loc="outside lower center", ncols=columns)
    return figure


def _legend_columns(strategies: list[str]) -> int:
    """Return the largest number of columns, at most 3, that surely fits the figure's width."""
    widest = sorted(
        (len(display_name(name)) + LEGEND_LINE_CHARACTERS for name in strategies), reverse=True
    )
    return next((n for n in (3, 2) if sum(widest[:n]) <= LEGEND_CHARACTERS), 1)


def _round_ticks() -> MaxNLocator:
    return MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True)


def _draw_curve(axes: Axes, strategy: str, points: pd.DataFrame, band: bool) -> None:
    drawn = look(strategy)
    mean, std = 100 * points["mean"], 100 * points["std"]
    layer = 3 if drawn.emphasised else 2
    if band:
        axes.fill_between(
            points["labels"],
            mean - std,
            mean + std,
            color=drawn.colour,
            alpha=BAND_ALPHA,
            linewidth=0,
            zorder=layer - 1.5,
        )
    axes.plot(
        points["labels"],
        mean,
        label=drawn.name,
        marker=drawn.marker,
        markeredgecolor="white",
        markeredgewidth=0.4,
        zorder=layer,
        **drawn.of_line(),
    )
