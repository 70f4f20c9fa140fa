"""Figures of what `ntkcpl.coverage` measures, by the number of labels."""

from collections.abc import Mapping
from typing import NamedTuple

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ntkcpl.reporting.look import (
    BLACK,
    BLUE,
    COLUMN_WIDTH,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    STYLE_SHEET,
    VERMILLION,
    display_name,
    look,
)
from ntkcpl.reporting.plots import draw_label_axis


class Line(NamedTuple):
    """How a column is called and drawn."""

    name: str
    colour: str
    marker: str


COVERAGES = {
    "classifier": Line("accuracy of the classifier", BLACK, "^"),
    "estimated_accuracy": Line("its estimate from the labels held", ORANGE, "v"),
    "true": Line("regression on true labels", VERMILLION, "s"),
    "estimated": Line("regression on pseudo-labels (eq. 4)", BLUE, "o"),
    "mapped": Line("the same, clusters of one class joined (eq. 6)", SKY, "P"),
    "purity": Line("purity of the clusters", GREEN, "D"),
}
ERRORS = {
    "bound": Line("bound (eq. 5, right)", BLACK, "^"),
    "error": Line("error of the estimate (eq. 5, left)", BLUE, "o"),
    "error_ntk": Line("of the regression (error NTK)", VERMILLION, "s"),
    "error_cpl": Line("of the pseudo-labels (error CPL)", GREEN, "D"),
    "p_nff": Line("right about pseudo-labels only (P nff)", PURPLE, "v"),
    "p_fnf": Line("right about classes only (P fnf)", ORANGE, "P"),
}
SHARES = {
    "claim": "Claim holds (% of the pool)",
    "impurity": "Share of P$_\\mathrm{nff}$\nthat is impure (%)",
    "over_clustering": "Share of P$_\\mathrm{fnf}$\nthat is over-clustered (%)",
}


def plot_coverage(coverage: pd.DataFrame, title: str) -> Figure:
    """Draw estimated and true coverage by the number of labels (Fig. 4 of Wen et al. 2023).

    Parameters
    ----------
    coverage
        strategy, seed, and the columns of `coverage.measure_coverage`; a panel a strategy.
    title
        Title of the figure.

    Returns
    -------
    Figure
        Lines are means over seeds, bands one standard deviation to either side.
    """
    return _panels(coverage, COVERAGES, title)


def plot_errors(coverage: pd.DataFrame, title: str) -> Figure:
    """Draw the error of the estimate, its bound, and its parts (eq. 5 and 7, ibid.).

    Parameters and result are those of `plot_coverage`.
    """
    return _panels(coverage, ERRORS, title)


def plot_share(coverage: pd.DataFrame, column: str, title: str) -> Figure:
    """Draw one of `SHARES` by the number of labels, a line a strategy (Fig. 6 to 8, ibid.).

    Parameters
    ----------
    coverage, title
        As for `plot_coverage`.
    column
        What to draw.

    Returns
    -------
    Figure
        As of `plot_coverage`. A share of no images, in all seeds, leaves a gap.
    """
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=(COLUMN_WIDTH, 2.4))
        axes = figure.subplots()
        for strategy, runs in coverage.groupby("strategy", sort=False):
            drawn = look(str(strategy))
            line = Line(display_name(str(strategy)), drawn.colour, drawn.marker)
            _draw_share(axes, runs, column, line)
        axes.set_ylabel(SHARES[column])
        axes.set_title(title)
        draw_label_axis(axes, coverage["labels"])
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _panels(coverage: pd.DataFrame, lines: Mapping[str, Line], title: str) -> Figure:
    """Draw some columns in percent, a panel a strategy, the legend below."""
    strategies = list(coverage["strategy"].unique())
    columns = min(2, len(strategies))
    rows = -(-len(strategies) // columns)
    legend = -(-len(lines) // columns)
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=(COLUMN_WIDTH * columns, 0.2 + 2.1 * rows + 0.17 * legend))
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, strategy in zip(panels.flat, strategies, strict=False):
            runs = coverage[coverage["strategy"] == strategy]
            for column, line in lines.items():
                _draw_share(axes, runs, column, line)
            axes.set_title(display_name(strategy))
            draw_label_axis(axes, coverage["labels"])
            axes.label_outer()
        for axes in panels.flat[len(strategies) :]:
            axes.remove()
        for row in panels:
            row[0].set_ylabel("Share of the pool (%)")
        handles, names = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=columns)
        figure.suptitle(title)
    return figure


def _draw_share(axes: Axes, runs: pd.DataFrame, column: str, line: Line) -> None:
    """Draw mean and standard deviation of a column over seeds, in percent."""
    rounds = runs.groupby("labels")[column]
    mean, std = 100 * rounds.mean(), 100 * rounds.std().fillna(0)
    axes.fill_between(
        mean.index, mean - std, mean + std, color=line.colour, alpha=0.13, linewidth=0
    )
    axes.plot(
        mean.index,
        mean,
        color=line.colour,
        marker=line.marker,
        linewidth=1.1,
        markeredgecolor="white",
        markeredgewidth=0.4,
        label=line.name,
    )
