"""Figure and table of the notions of coverage that `ntkcpl.notions` compares."""

import matplotlib
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ntkcpl.notions import NOTIONS, TRUTH
from ntkcpl.reporting.look import COLUMN_WIDTH, STYLE_SHEET, display_name
from ntkcpl.reporting.tables import MISSING, Table

NAMES = {
    "coreset": "Coreset: within the covering radius",
    "probcover": "ProbCover: within δ",
    "ntkcpl": "NTKCPL: regression agrees with cluster",
    TRUTH: "Truth: the classifier is right",
}
SHORT_NAMES = {"coreset": "Coreset", "probcover": "ProbCover", "ntkcpl": "NTKCPL"}
METRICS = ("coverage", "accuracy", "precision", "recall")
DISTINCT = 10  # classes that colours of a qualitative map can tell apart


def plot_coverage_map(places: pd.DataFrame, title: str) -> Figure:
    """Draw which images each notion holds for covered (Fig. 1 of Wen et al. 2023).

    Parameters
    ----------
    places
        See `notions.coverage_map`.
    title
        Title of the figure.

    Returns
    -------
    Figure
        A panel a notion, and one for the truth: images in the colour of their class, those covered
        with a black core, labelled ones as stars.
    """
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=(2 * COLUMN_WIDTH, 2 * COLUMN_WIDTH + 0.3))
        for axes, (column, name) in zip(figure.subplots(2, 2).flat, NAMES.items(), strict=True):
            _draw_map(axes, places, column)
            axes.set_title(f"{name} ({places[column].mean():.0%})")
        figure.suptitle(title)
    return figure


def _draw_map(axes: Axes, places: pd.DataFrame, column: str) -> None:
    n_classes = int(places["label"].max()) + 1
    colours = matplotlib.colormaps["tab10" if n_classes <= DISTINCT else "gist_rainbow"]
    shade = places["label"] if n_classes <= DISTINCT else places["label"] / n_classes
    size = 6000 / max(len(places), 600)  # square points: what fits the panel without covering it
    axes.scatter(places["x"], places["y"], s=size, color=colours(shade), linewidths=0)
    covered = places[places[column]]
    axes.scatter(covered["x"], covered["y"], s=size / 3, color="black", linewidths=0)
    labelled = places[places["labelled"]]
    axes.scatter(
        labelled["x"],
        labelled["y"],
        s=60,
        marker="*",
        color=colours(shade[places["labelled"]]),
        edgecolors="black",
        linewidths=0.6,
        zorder=3,
    )
    axes.set_axis_off()


def notions_table(notions: pd.DataFrame) -> Table:
    """Return coverage, and agreement with the truth, of each notion by the number of labels.

    Parameters
    ----------
    notions
        strategy, seed, and the columns of `notions.compare_notions`.

    Returns
    -------
    Table
        In percent, means over seeds; a block a strategy, of the truth and four rows a notion.
    """
    keys = ["strategy", "notion", "labels"]
    means = notions.groupby(keys, sort=False)
    data = means[["truth", *METRICS]].mean().reset_index()
    data["seeds"] = means["seed"].nunique().to_numpy()
    text, rank = {}, {}
    for strategy, block in data.groupby("strategy", sort=False):
        wide = block.pivot(index="notion", columns="labels")
        head = display_name(str(strategy))
        truth = 100 * wide["truth"].iloc[0]
        text[f"{head}: true coverage"] = truth.map(_printed)
        rank[f"{head}: true coverage"] = truth * 0
        for metric in METRICS:
            percent = 100 * wide[metric].loc[list(NOTIONS)]
            order = percent.round(1).rank(method="dense", ascending=False)
            marked = order.where((order <= 2) & (metric == "accuracy"), 0).fillna(0)
            for notion, short in SHORT_NAMES.items():
                text[f"{head}: {short}, {metric}"] = percent.loc[notion].map(_printed)
                rank[f"{head}: {short}, {metric}"] = marked.loc[notion]
    caption = (
        "Notions of coverage against the truth, that the trained classifier is right about an "
        "image: percent by number of labels, mean over seeds. Coverage is the share of images held "
        "for covered, accuracy that where notion and truth agree; precision is the share of "
        "the covered that the classifier is right about, recall the share covered of those that it "
        "is right about. Of accuracies the best is bold, the second underlined."
    )
    columns = sorted(data["labels"].unique())
    return Table(caption, data, _frame(text, columns), _frame(rank, columns).astype(int))


def _printed(percent: float) -> str:
    return MISSING if np.isnan(percent) else f"{percent:.1f}"


def _frame(rows: dict[str, pd.Series], columns: list[int]) -> pd.DataFrame:
    """Return rows as a table of so many labels a column."""
    frame = pd.DataFrame(rows).T[columns]
    return frame.set_axis(pd.Index(rows, name="Notion"))
