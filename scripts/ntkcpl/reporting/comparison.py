"""Many strategies on many data sets: who is ahead where, and how surely."""

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ntkcpl.artifacts.accuracy import ordered
from ntkcpl.reporting.accuracy import ROUNDING, learning_curves
from ntkcpl.reporting.look import STYLE_SHEET, display_name
from ntkcpl.reporting.significance import paired_p_value
from ntkcpl.reporting.tables import FALSE_DISCOVERIES, MISSING, Table, named, wide

THIRDS = ("first", "middle", "last")
CELL = 0.2, 0.165  # inches: width and height of a cell of the ranks' figure
MARGINS = 1.5, 0.85  # inches: for names and labels


def standard_errors(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return means over seeds and their standard errors.

    Parameters
    ----------
    accuracy
        Runs (see `artifacts.accuracy`).

    Returns
    -------
    DataFrame
        experiment, strategy, labels, mean, error, seeds; `error` is NaN with one seed.
    """
    curves = learning_curves(accuracy)
    error = curves["std"] / np.sqrt(curves["seeds"])
    return curves.assign(error=error).drop(columns="std")


def ranks(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return the rank of each strategy's mean at each number of labels, 1 for the highest.

    Equal means share the mean of their ranks.

    Returns
    -------
    DataFrame
        experiment, strategy, labels, rank.
    """
    curves = learning_curves(accuracy)
    means = curves["mean"].round(int(-np.log10(ROUNDING)))
    rank = means.groupby([curves["experiment"], curves["labels"]]).rank(ascending=False)
    return curves[["experiment", "strategy", "labels"]].assign(rank=rank)


def near_best(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return at how many numbers of labels each strategy is the best, or within its error.

    Returns
    -------
    DataFrame
        experiment, strategy, near, label_counts: `near` counts those at which the mean is not
        below the highest by more than the standard error of the highest.
    """
    curves = _with_nearness(standard_errors(accuracy))
    grouped = curves.groupby(["experiment", "strategy"], sort=False)
    return grouped.agg(near=("near", "sum"), label_counts=("near", "size")).reset_index()


def _with_nearness(curves: pd.DataFrame) -> pd.DataFrame:
    """Tell for each mean whether it is the highest or within the standard error of that."""
    points = ["experiment", "labels"]
    best = curves.loc[curves.groupby(points)["mean"].idxmax()]
    best = best.assign(bound=best["mean"] - best["error"].fillna(0) - ROUNDING)
    both = curves.merge(best[[*points, "bound"]], on=points)
    return both.assign(near=both["mean"] >= both["bound"])


def by_third(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return the mean accuracy of each run over each third of its experiment's label counts.

    Where three do not divide their number, the first thirds have one more. Runs that lack some are
    left out.

    Returns
    -------
    DataFrame
        experiment, strategy, seed, third, test_accuracy.
    """
    parts = []
    for experiment, runs in accuracy.groupby("experiment", sort=False):
        counts = np.unique(runs["labels"])
        for third, labels in zip(THIRDS, np.array_split(counts, len(THIRDS)), strict=True):
            some = runs[runs["labels"].isin(labels)]
            grouped = some.groupby(["strategy", "seed"], sort=False)["test_accuracy"]
            complete = grouped.mean()[grouped.size() == len(labels)]
            parts.append(complete.reset_index().assign(experiment=experiment, third=third))
    return pd.concat(parts)[["experiment", "strategy", "seed", "third", "test_accuracy"]]


def differences(accuracy: pd.DataFrame, strategy: str) -> pd.DataFrame:
    """Return how far a strategy is ahead of each other in each third, paired by seed.

    Returns
    -------
    DataFrame
        experiment, third, strategy (the other one), difference (of shares, the mean over common
        seeds), seeds, p_value (two-sided paired t-test), corrected_p_value (the least rate of false
        discoveries, over all tests of the table, at which this one counts; Benjamini and Hochberg
        1995).
    """
    from scipy.stats import false_discovery_control

    rows = []
    for (experiment, third), runs in by_third(accuracy).groupby(
        ["experiment", "third"], sort=False
    ):
        table = runs.pivot(index="seed", columns="strategy", values="test_accuracy")
        for rival in runs["strategy"].unique():
            if strategy not in table or rival == strategy:
                continue
            gap = (table[strategy] - table[rival]).dropna().to_numpy()
            if len(gap):
                tested = gap.mean(), len(gap), paired_p_value(gap)
                rows.append((experiment, third, rival, *tested))
    names = ["experiment", "third", "strategy", "difference", "seeds", "p_value"]
    found = pd.DataFrame(rows, columns=names)
    tested = found["p_value"].dropna()
    return found.assign(corrected_p_value=pd.Series(false_discovery_control(tested), tested.index))


def error_table(accuracy: pd.DataFrame) -> Table:
    """Return mean±standard error of the test accuracy of one experiment at each label count."""
    curves = _with_nearness(standard_errors(accuracy))
    error = curves["error"].map(lambda error: "" if np.isnan(error) else f"±{100 * error:.1f}")
    text = (100 * curves["mean"]).map("{:.1f}".format) + error
    least, most = curves["seeds"].min(), curves["seeds"].max()
    seeds = f"{most}" if least == most else f"{least} to {most}"
    caption = (
        f"Test accuracy in percent by number of labels, mean±standard error over {seeds} seeds. "
        "Bold is the highest mean, underlined what is below it by no more than its standard error."
    )
    mean = wide(curves, "labels", "mean")
    rank = 2 * wide(curves, "labels", "near").fillna(0).astype(int)
    text = wide(curves.assign(text=text), "labels", "text").fillna(MISSING)
    return Table(caption, curves, named(text), named(rank.mask(mean == mean.max(), 1)))


def thirds_table(accuracy: pd.DataFrame, strategy: str) -> Table:
    """Return the mean of each strategy in each third, and how far `strategy` is ahead of it."""
    runs = by_third(accuracy)
    runs = runs.assign(part=runs["experiment"] + ", " + runs["third"])
    mean = (
        100
        * ordered(runs)
        .groupby(["strategy", "part"], observed=True, sort=False)["test_accuracy"]
        .mean()
        .unstack()[list(runs["part"].unique())]
    )
    gaps = differences(accuracy, strategy)
    gaps = gaps.assign(part=gaps["experiment"] + ", " + gaps["third"])
    gap = 100 * gaps.pivot(index="strategy", columns="part", values="difference")
    sure = gaps.pivot(index="strategy", columns="part", values="corrected_p_value")
    ahead = gap.map("{:+.1f}".format).replace("-", "−", regex=True)
    ahead = ahead.where(gap.notna()) + sure.map(lambda p: "*" if p < FALSE_DISCOVERIES else "")
    text = mean.map(lambda value: MISSING if np.isnan(value) else f"{value:.1f}")
    text = (text + " (" + ahead.reindex_like(mean) + ")").fillna(text)
    rank = mean.round(1).rank(method="dense", ascending=False)
    name = display_name(strategy)
    caption = (
        "Test accuracy in percent, mean over each third of the label counts and over seeds; in "
        f"brackets how many points {name} is ahead (paired by seed). A star marks what a two-sided "
        f"t-test tells, corrected over all {len(gaps)} tests (Benjamini and Hochberg 1995, "
        f"{FALSE_DISCOVERIES:.0%}). The best of each column is bold, the second underlined."
    )
    return Table(caption, gaps, named(text), named(rank.where(rank <= 2, 0).fillna(0).astype(int)))


def near_best_table(accuracy: pd.DataFrame) -> Table:
    """Return at how many label counts each strategy is best or nearly so, in each experiment."""
    near = near_best(accuracy)
    text = wide(
        near.assign(text=near["near"].map(str) + " of " + near["label_counts"].map(str)),
        "experiment",
        "text",
    ).fillna(MISSING)
    rank = wide(near, "experiment", "near").rank(method="dense", ascending=False)
    caption = (
        "At how many numbers of labels the mean of a strategy is the highest, or below it by no "
        "more than the standard error of the highest. The best of each column is bold."
    )
    return Table(caption, near, named(text), named((rank == 1).astype(int)))


def plot_ranks(accuracy: pd.DataFrame) -> Figure:
    """Draw the rank of each strategy by number of labels, a block of columns an experiment.

    The last column is the mean rank, each experiment counting alike, by which rows are sorted.
    """
    found = ranks(accuracy)
    experiments = list(found["experiment"].unique())
    parts = [
        found[found["experiment"] == experiment].pivot(
            index="strategy", columns="labels", values="rank"
        )
        for experiment in experiments
    ]
    mean = pd.concat([part.mean(axis=1) for part in parts], axis=1).mean(axis=1).sort_values()
    names = [display_name(str(strategy)) for strategy in mean.index]
    widths = [*(len(part.columns) for part in parts), 1]
    width, height = CELL
    size = MARGINS[0] + width * (sum(widths) + len(parts)), MARGINS[1] + height * len(names)
    with matplotlib.style.context(STYLE_SHEET):
        figure = Figure(figsize=size)
        panels = figure.subplots(1, len(widths), sharey=True, width_ratios=widths, squeeze=False)
        blocks = [*(part.reindex(mean.index) for part in parts), mean.to_frame("mean")]
        for axes, title, block in zip(panels[0], [*experiments, ""], blocks, strict=True):
            decimals = int(title == "")
            axes.imshow(block, cmap="viridis", vmin=1, vmax=len(names), aspect="auto")
            axes.set_title(title)
            axes.set_xticks(range(block.shape[1]), list(block.columns), rotation=90)
            axes.set_yticks(range(len(names)), names)
            axes.tick_params(length=0)
            axes.grid(visible=False)
            for spine in axes.spines.values():
                spine.set_visible(False)
            for (row, column), rank in np.ndenumerate(block.to_numpy()):
                dark = rank < len(names) / 2
                axes.text(
                    column,
                    row,
                    MISSING if np.isnan(rank) else f"{rank:.{decimals}f}",
                    ha="center",
                    va="center",
                    fontsize=5.5,
                    color="white" if dark else "black",
                )
    return figure
