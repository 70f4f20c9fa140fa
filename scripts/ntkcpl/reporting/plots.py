"""Figures from tidy data: one look, and one colour and marker for a strategy everywhere."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter

from ntkcpl.artifacts.files import atomic
from ntkcpl.reporting.accuracy import REFERENCE, display_name, gain_over_random, learning_curves

COLUMN_WIDTH = 3.4  # inches: a column of a two-column paper
AXES_HEIGHT, LEGEND_ROW = 2.35, 0.165  # inches
SPAN = 20  # numbers of labels that span more than this factor are drawn on a logarithmic axis
BANDS = 9  # strategies, as many as the paper compares, that are all drawn with a band
BOLD = 1.5  # width in points over which a line is one of NTKCPL's
LEGEND_WIDTH = 68  # characters, where the line and the gap before a name count as 8

# "default" first: a user's own matplotlibrc must not change the figures.
LOOK: list[Any] = [
    "default",
    {
        "font.size": 8,
        "axes.titlesize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "legend.handlelength": 2.1,
        "legend.columnspacing": 1.0,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.xmargin": 0.02,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.5,
        "lines.markersize": 4.2,
        "figure.constrained_layout.use": True,
        "pdf.fonttype": 42,  # TrueType: text in the PDF can be searched and edited
    },
]

# Safe for colour-blind readers: Okabe and Ito (2008), "Color Universal Design"; the last three
# from Tol (2021), "Colour schemes", scheme "muted". Okabe and Ito's yellow is too pale for lines.
GREY, BLACK, ORANGE, SKY, GREEN = "#5f5f5f", "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
INDIGO, WINE, OLIVE = "#332288", "#882255", "#999933"


class Style(NamedTuple):
    """How a strategy's curve is drawn."""

    colour: str
    marker: str
    line: Any = "-"
    width: float = 1.1

    def of_line(self) -> dict[str, Any]:
        """Return what Matplotlib needs to draw the line."""
        return {"color": self.colour, "linestyle": self.line, "linewidth": self.width}


# Relatives share a colour and differ in the marker; NTKCPL is thicker, and drawn on top.
STYLES = {
    "random": Style(GREY, "o", (0, (3, 1.5))),
    "entropy": Style(ORANGE, "s"),
    "margin": Style(ORANGE, "D"),
    "bald": Style(ORANGE, "^"),
    "coreset_self": Style(SKY, "v"),
    "coreset_al": Style(SKY, "^"),
    "badge": Style(PURPLE, "D"),
    "badge_partition": Style(PURPLE, "d"),
    "typiclust": Style(GREEN, "^"),
    "probcover": Style(GREEN, "v"),
    "maxherding": Style(INDIGO, "s"),
    "uherding": Style(INDIGO, "D"),
    "lookahead": Style(OLIVE, "P"),
    "dropquery": Style(WINE, "X"),
    "alfamix": Style(WINE, "o"),
    "ntkcpl_self": Style(BLUE, "o", width=1.7),
    "ntkcpl_al": Style(VERMILLION, "s", width=1.7),
}

# For names of the user's own: lines that no known strategy has.
OTHER_COLOURS = (INDIGO, WINE, OLIVE, ORANGE, SKY, GREEN, PURPLE, BLACK)
OTHER_MARKERS = "osD^v<>pPX*hd"
OTHER_LINES: tuple[Any, ...] = ((0, (1, 1)), (0, (4, 1, 1, 1)), (0, (6, 1.5)))


def style(strategy: str) -> Style:
    """Return the style of `strategy`, which depends on its name alone, not on its company."""
    if strategy in STYLES:
        return STYLES[strategy]
    number = int.from_bytes(hashlib.sha256(strategy.encode()).digest()[:8], "big")
    number, colour = divmod(number, len(OTHER_COLOURS))
    number, marker = divmod(number, len(OTHER_MARKERS))
    line = OTHER_LINES[number % len(OTHER_LINES)]
    return Style(OTHER_COLOURS[colour], OTHER_MARKERS[marker], line)


def plot_accuracy(accuracy: pd.DataFrame, title: str) -> Figure:
    """Draw test accuracy against the number of labels, as in Fig. 2 of Wen et al. (2023).

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `evaluation.read_accuracy`).
    title
        Title of the figure.

    Returns
    -------
    Figure
        Lines and markers are means over seeds, bands one standard deviation to either side; of
        more than `BANDS` strategies, only NTKCPL's have one. With one seed there is no band.
    """
    with matplotlib.style.context(LOOK):
        return _figure_of_curves(learning_curves(accuracy), title, "Test accuracy (%)")


def plot_gain(accuracy: pd.DataFrame, title: str, reference: str = REFERENCE) -> Figure:
    """Draw the gain over Random against the number of labels, as in Fig. 3, ibid.

    Parameters
    ----------
    accuracy, title
        As for `plot_accuracy`.
    reference
        Strategy that the gain is over; the zero line.

    Returns
    -------
    Figure
        As for `plot_accuracy`, of the paired differences of `evaluation.gain_over_random`.

    Raises
    ------
    MissingReferenceError
        If the experiment did not run `reference`.
    """
    unit = f"Gain over {display_name(reference)}\n(percentage points)"
    with matplotlib.style.context(LOOK):
        return _figure_of_curves(gain_over_random(accuracy, reference), title, unit, reference)


def plot_pretraining(history: pd.DataFrame) -> Figure:
    """Draw the loss and the k-NN accuracy of pretraining against the epoch.

    Parameters
    ----------
    history
        epoch, loss, knn_accuracy (a share, NaN for epochs without the monitor).
    """
    monitored = history.dropna(subset="knn_accuracy")
    with matplotlib.style.context(LOOK):
        figure = Figure(figsize=(COLUMN_WIDTH, 2.6))
        loss, knn = figure.subplots(2, 1, sharex=True)
        loss.plot(history["epoch"], history["loss"], color=BLUE, linewidth=1.1)
        loss.set_ylabel("Loss")
        knn.plot(
            monitored["epoch"],
            100 * monitored["knn_accuracy"],
            color=VERMILLION,
            linewidth=1.1,
            marker="o",
        )
        knn.set_ylabel("k-NN accuracy (%)")
        knn.set_xlabel("Epoch")
        knn.xaxis.set_major_locator(_round_ticks())
        figure.align_ylabels()
    return figure


def draw_label_axis(axes: Axes, labels: pd.Series) -> None:
    """Name the axis of the number of labels, which is logarithmic if they span more than `SPAN`."""
    axes.set_xlabel("Number of labels")
    if labels.max() <= SPAN * labels.min():
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
        with matplotlib.style.context(LOOK), atomic(path) as temporary:
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
    height = AXES_HEIGHT + LEGEND_ROW * -(-len(names) // columns)
    figure = Figure(figsize=(COLUMN_WIDTH, height))
    axes = figure.subplots()
    if zero is not None:
        axes.axhline(0, label=display_name(zero), **style(zero).of_line())
    for strategy, points in curves.groupby("strategy", sort=False):
        # The bands of many curves hide them all; those of ours stay.
        band = len(names) <= BANDS or style(str(strategy)).width > BOLD
        _draw_curve(axes, str(strategy), points, band)
    axes.set_title(title)
    axes.set_ylabel(unit)
    draw_label_axis(axes, curves["labels"])
    figure.legend(loc="outside lower center", ncols=columns)
    return figure


def _legend_columns(strategies: list[str]) -> int:
    """Return the largest number of columns, at most 3, that surely fits the figure's width."""
    widest = sorted((len(display_name(name)) + 8 for name in strategies), reverse=True)
    return next((n for n in (3, 2) if sum(widest[:n]) <= LEGEND_WIDTH), 1)


def _round_ticks() -> MaxNLocator:
    return MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True)


def _draw_curve(axes: Axes, strategy: str, points: pd.DataFrame, band: bool) -> None:
    look = style(strategy)
    mean, std = 100 * points["mean"], 100 * points["std"]
    layer = 3 if look.width > BOLD else 2
    if band:
        axes.fill_between(
            points["labels"],
            mean - std,
            mean + std,
            color=look.colour,
            alpha=0.13,
            linewidth=0,
            zorder=layer - 1.5,
        )
    axes.plot(
        points["labels"],
        mean,
        label=display_name(strategy),
        marker=look.marker,
        markeredgecolor="white",
        markeredgewidth=0.4,
        zorder=layer,
        **look.of_line(),
    )
