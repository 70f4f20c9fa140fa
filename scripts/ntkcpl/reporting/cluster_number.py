"""What the largest number of clusters (C_max) does to the accuracy."""

from collections.abc import Mapping
from typing import Any

import matplotlib
import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from ntkcpl.reporting.accuracy import learning_curves
from ntkcpl.reporting.look import COLUMN_WIDTH, STYLE_SHEET
from ntkcpl.reporting.plots import draw_label_axis

MARKERS = "osD^vP<>"


def plot_cluster_number(accuracy: pd.DataFrame, numbers: Mapping[str, int], title: str) -> Figure:
    """Draw the accuracy by the number of labels, a line a C_max (Fig. 5 of Wen et al. 2023).

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `accuracy.read_accuracy`), from as many labels on as C_max
        counts: before, there are fewer clusters.
    numbers
        C_max of each strategy to draw.
    title
        Title of the figure.

    Returns
    -------
    Figure
        Lines are means over seeds, bands one standard deviation to either side; the more clusters,
        the darker.
    """
    curves = learning_curves(accuracy)
    names = sorted(numbers, key=lambda name: numbers[name])
    shades = matplotlib.colormaps["viridis_r"]
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=(COLUMN_WIDTH, 2.6))
        axes = figure.subplots()
        for place, name in enumerate(names):
            points = curves[curves["strategy"] == name]
            mean, std = 100 * points["mean"], 100 * points["std"].fillna(0)
            look: dict[str, Any] = {"color": shades(0.1 + 0.9 * place / max(len(names) - 1, 1))}
            axes.fill_between(points["labels"], mean - std, mean + std, alpha=0.13, lw=0, **look)
            axes.plot(
                points["labels"],
                mean,
                marker=MARKERS[place % len(MARKERS)],
                linewidth=1.1,
                label=f"{numbers[name]:,} clusters",
                **look,
            )
        axes.set_ylabel("Test accuracy (%)")
        axes.set_title(title)
        draw_label_axis(axes, curves["labels"])
        figure.legend(loc="outside lower center", ncols=min(4, len(names)))
    return figure
