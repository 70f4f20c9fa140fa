"""Figures from tidy data."""

from pathlib import Path

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter

from ntkcpl.artifacts.files import atomic
from ntkcpl.reporting.look import BLUE, COLUMN_WIDTH, LINE_WIDTH, STYLE_SHEET, VERMILLION

LINEAR_SPAN = 20  # greatest ratio of numbers of labels on a linear axis


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


def _round_ticks() -> MaxNLocator:
    return MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True)
