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

COLUMN_WIDTH = 3.4  # inches: a column of a two-column paper
SPAN = 20  # numbers of labels that span more than this factor are drawn on a logarithmic axis
BOLD = 1.5  # width in points over which a line is one of NTKCPL's

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


def _round_ticks() -> MaxNLocator:
    return MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True)
