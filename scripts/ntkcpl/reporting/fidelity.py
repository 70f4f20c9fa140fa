"""Figures and a table of what `ntkcpl.fidelity` measures."""

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ntkcpl.fidelity import SECOND_CLASSIFIER
from ntkcpl.reporting.look import (
    COLUMN_WIDTH,
    GREEN,
    GREY,
    LINE_WIDTH,
    ORANGE,
    PURPLE,
    SKY,
    STYLE_SHEET,
    VERMILLION,
)
from ntkcpl.reporting.tables import Table
from ntkcpl.strategies.ntkcpl import NTKCPL

VARIANT = ["kernel", "scaling", "ridge"]
COLOURS = (SKY, GREEN, ORANGE, VERMILLION, PURPLE)
SCALING_NAMES = {
    "raw": "raw",
    "l2": "unit length",
    "l2_centred": "unit length, centred",
    "standardised": "standardised",
}


def default_variant() -> dict[str, object]:
    """Return the kernel, scaling and ridge that NTKCPL uses unless told otherwise."""
    fields = NTKCPL.model_fields
    names = ("width", "kernel_scaling", "ridge")
    kernel, scaling, ridge = (fields[name].default for name in names)
    return {"kernel": str(kernel), "scaling": scaling, "ridge": ridge}


def mean_agreement(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over seeds for each variant and number of labels.

    Parameters
    ----------
    comparison
        Rows of `fidelity.compare_kernels`, of any number of seeds.

    Returns
    -------
    DataFrame
        kernel, scaling, ridge, labels, agreement, agreement_std, accuracy, accuracy_std, seeds;
        shares.
    """
    groups = comparison.groupby([*VARIANT, "labels"], sort=False, dropna=False)
    mean = groups.agg(
        agreement=("agreement", "mean"),
        agreement_std=("agreement", "std"),
        accuracy=("accuracy", "mean"),
        accuracy_std=("accuracy", "std"),
        seeds=("seed", "nunique"),
    )
    return mean.reset_index()


def plot_kernels(comparison: pd.DataFrame, title: str) -> Figure:
    """Draw agreement with the trained classifier against the number of labels, a panel a scaling.

    The upper row compares kernels at the default ridge, the lower one ridges of the default
    kernel. Lines are means over seeds.
    """
    mean, default = mean_agreement(comparison), default_variant()
    ceiling = mean[mean["kernel"] == SECOND_CLASSIFIER]
    mean = mean[mean["kernel"] != SECOND_CLASSIFIER]
    scalings = list(mean["scaling"].unique())
    rows = {
        "kernel": mean[mean["ridge"] == default["ridge"]],
        "ridge": mean[mean["kernel"] == default["kernel"]],
    }
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=(2 * COLUMN_WIDTH, 4.4))
        grid = figure.subplots(2, len(scalings), sharex=True, sharey=True, squeeze=False)
        for panels, (what, part) in zip(grid, rows.items(), strict=True):
            for axes, scaling in zip(panels, scalings, strict=True):
                _draw_agreement(axes, part[part["scaling"] == scaling], what, ceiling)
            panels[0].set_ylabel("Agreement with the classifier (%)")
            panels[-1].legend(
                title=what, title_fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5)
            )
        for axes, scaling in zip(grid[0], scalings, strict=True):
            axes.set_title(SCALING_NAMES[scaling])
        labels = sorted(mean["labels"].unique())
        grid[0, 0].set_xscale("log")
        grid[0, 0].set_xticks(labels, [str(n) for n in labels], minor=False)
        grid[0, 0].minorticks_off()
        for axes in grid[1]:
            axes.set_xlabel("Number of labels")
            axes.tick_params(axis="x", labelrotation=45)
        figure.suptitle(title)
    return figure


def _draw_agreement(axes: Axes, part: pd.DataFrame, what: str, ceiling: pd.DataFrame) -> None:
    axes.plot(
        ceiling["labels"],
        100 * ceiling["agreement"],
        color=GREY,
        linestyle="--",
        label=SECOND_CLASSIFIER,
    )
    for colour, (value, points) in zip(COLOURS, part.groupby(what, sort=False), strict=False):
        axes.plot(
            points["labels"],
            100 * points["agreement"],
            color=colour,
            marker="o",
            markersize=3,
            linewidth=LINE_WIDTH,
            label=f"{value:g}" if what == "ridge" else f"{value}",
        )


def kernel_table(comparison: pd.DataFrame) -> Table:
    """Return agreement with the classifier, mean±std, one change from the default a row."""
    mean, default = mean_agreement(comparison), default_variant()
    changes = sum((mean[name] != value).astype(int) for name, value in default.items())
    shown = mean[(changes <= 1) | (mean["kernel"] == SECOND_CLASSIFIER)]
    names = shown.apply(lambda row: _name(row, default), axis="columns")
    text = 100 * shown["agreement"]
    cells = text.map("{:.1f}".format) + (100 * shown["agreement_std"]).map(
        lambda std: "" if pd.isna(std) else f"±{std:.1f}"
    )
    wide = shown.assign(Variant=names, cell=cells, value=text.round(1))
    order = sorted(names.unique(), key=lambda name: name not in (SECOND_CLASSIFIER, "default"))
    printed = wide.pivot(index="Variant", columns="labels", values="cell").loc[order]
    value = wide.pivot(index="Variant", columns="labels", values="value").loc[order]
    rank = value.drop(index=SECOND_CLASSIFIER).rank(method="dense", ascending=False)
    rank = rank.where(rank <= 2, 0).reindex(order, fill_value=0).astype(int)
    caption = (
        "Percentage of the unlabelled images for which kernel regression and the classifier "
        f"predict the same class, by number of labels, over {shown['seeds'].max()} seeds. The "
        f"default is the kernel of width {default['kernel']} on the {default['scaling']} embedding "
        f"with ridge {default['ridge']}; each row changes one of them. The second classifier was "
        "trained on the same labels from other initial weights. The best kernel of each column is "
        "bold, the second underlined."
    )
    return Table(caption, mean, printed, rank)


def _name(row: pd.Series, default: dict[str, object]) -> str:
    if row["kernel"] == SECOND_CLASSIFIER:
        return SECOND_CLASSIFIER
    changed = [name for name in default if row[name] != default[name]]
    return f"{changed[0]} {row[changed[0]]}" if changed else "default"
