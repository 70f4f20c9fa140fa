"""How long strategies take to choose, by the number of labels."""

import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from ntkcpl.artifacts.accuracy import RUN
from ntkcpl.reporting.look import COLUMN_WIDTH, LEGEND_ROW_HEIGHT, STYLE_SHEET, look
from ntkcpl.reporting.plots import draw_label_axis

FRONT = ("lookahead", "ntkcpl")  # beginnings of the names that the paper compares


def plot_selection_time(accuracy: pd.DataFrame, title: str) -> Figure:
    """Draw the cumulative time of selection against the number of labels (Fig. 9, ibid.).

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `accuracy.read_accuracy`).
    title
        Title of the figure.

    Returns
    -------
    Figure
        Means over seeds on a logarithmic axis; LookAhead and NTKCPL, which the paper compares, in
        front of the others, which are pale.
    """
    rounds = accuracy.sort_values("round", kind="stable")
    seconds = rounds.groupby(RUN)["selection_seconds"].cumsum()
    curves = rounds.assign(seconds=seconds).groupby(["strategy", "labels"], sort=False)
    means = curves["seconds"].mean().reset_index()
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(
            figsize=(COLUMN_WIDTH, 3.0 + LEGEND_ROW_HEIGHT * -(-means["strategy"].nunique() // 3))
        )
        axes = figure.subplots()
        for strategy, points in means.groupby("strategy", sort=False):
            drawn, front = look(str(strategy)), str(strategy).startswith(FRONT)
            axes.plot(
                points["labels"],
                points["seconds"],
                label=drawn.name,
                marker=drawn.marker,
                markeredgecolor="white",
                markeredgewidth=0.4,
                alpha=1 if front else 0.45,
                zorder=3 if front else 2,
                **drawn._replace(emphasised=front).of_line(),
            )
        axes.set_yscale("log")
        axes.set_ylabel("Time of all selections so far (s)")
        axes.set_title(title)
        draw_label_axis(axes, accuracy["labels"])
        figure.legend(loc="outside lower center", ncols=3)
    return figure
