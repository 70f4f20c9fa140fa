"""Tables from tidy data, as Markdown, LaTeX and CSV."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ntkcpl.artifacts.files import write_text
from ntkcpl.reporting.accuracy import REFERENCE, effective_budget_ratio, learning_curves
from ntkcpl.reporting.look import display_name
from ntkcpl.reporting.significance import LEVEL, behind_best, ratio_intervals

RANKS_SENTENCE = "The best of each column is bold, the second underlined."
MISSING = "–"
FALSE_DISCOVERIES = 0.05  # the expected share of stars that are wrong, at most
MARKDOWN_MARKS = {1: "**{}**", 2: "<ins>{}</ins>"}  # <ins> is underlined by browsers and by GitHub
LATEX_MARKS = {1: "textbf:--rwrap;", 2: "underline:--rwrap;"}
LATEX_SIGNS = {"±": r" $\\pm$ ", "−": "$-$", "<": "$<$"}  # in cells, as regular expressions


@dataclass(frozen=True)
class Table:
    """A table to print, and the tidy numbers behind it.

    Attributes
    ----------
    caption
        What the table shows, in units; plain text.
    data
        The numbers as tidy rows, shares in [0, 1]: what the CSV holds.
    text
        The printed cells, a row a strategy, in percent.
    rank
        For each cell, 1 if it is the best of its column, 2 if the second, 0 otherwise. Numbers
        that print alike share a rank. A column whose numbers are all alike has no ranks.
    """

    caption: str
    data: pd.DataFrame
    text: pd.DataFrame
    rank: pd.DataFrame


def accuracy_table(accuracy: pd.DataFrame) -> Table:
    """Return mean±std of the test accuracy at each number of labels, as in Table 1.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `artifacts.accuracy`).

    Returns
    -------
    Table
        A row for each strategy, a column for each number of labels; cells of one seed have no ±.
    """
    curves = learning_curves(accuracy)
    if curves["experiment"].nunique() > 1:
        raise ValueError("an accuracy table shows one experiment: select its rows first")
    mean, std = (100 * wide(curves, "labels", column) for column in ("mean", "std"))
    spread = std.map(lambda value: "" if pd.isna(value) else f"±{value:.1f}")
    least, most = curves["seeds"].min(), curves["seeds"].max()
    seeds = f"{most}" if least == most else f"{least} to {most}"
    over = "of one seed" if most == 1 else f"mean±standard deviation over {seeds} seeds"
    caption = f"Test accuracy in percent by number of labels, {over}. {RANKS_SENTENCE}"
    return Table(caption, curves, _printed(mean, spread), _ranks(mean))


def effective_budget_table(accuracy: pd.DataFrame) -> Table:
    """Return the effective budget ratio of each strategy in each experiment, as in Table 2.

    Raises
    ------
    MissingReferenceError
        If no experiment ran Random.
    """
    ratios = effective_budget_ratio(learning_curves(accuracy))
    ratios = ratios.merge(ratio_intervals(accuracy), how="left")
    ratio = 100 * wide(ratios, "experiment", "ratio")
    low, high = (100 * wide(ratios, "experiment", bound) for bound in ("low", "high"))
    interval = low.map(" [{:.0f}–".format) + high.map("{:.0f}]".format)
    base = display_name(REFERENCE)
    caption = (
        "Effective budget ratio: the percentage of the numbers of labels at which a strategy's "
        f"mean test accuracy exceeds the mean of {base} plus the standard deviation of {base} "
        f"(two seeds or more); in brackets the {LEVEL:.0%} interval of a bootstrap over seeds. "
        f"{RANKS_SENTENCE}"
    )
    return Table(caption, ratios, _printed(ratio, interval.where(low.notna(), "")), _ranks(ratio))


def behind_best_table(accuracy: pd.DataFrame) -> Table:
    """Return how far each strategy is behind the best of each number of labels.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `artifacts.accuracy`).

    Returns
    -------
    Table
        A row for each strategy, a column for each number of labels, in percentage points; a star
        where a paired t-test over seeds tells it from the best (see `behind_best`).
    """
    gaps = behind_best(accuracy)
    gap = 100 * wide(gaps, "labels", "difference")
    sure = wide(gaps, "labels", "corrected_p_value") < FALSE_DISCOVERIES
    caption = (
        "Percentage points of test accuracy behind the best strategy (0.0) by number of labels, "
        "mean over seeds. A star marks what a two-sided t-test paired by seed tells from the best, "
        "corrected over all tests of the table so that at most "
        f"{FALSE_DISCOVERIES:.0%} of the stars are expected to be wrong (Benjamini and Hochberg "
        f"1995). {RANKS_SENTENCE}"
    )
    stars = sure.map(lambda known: "*" if known else "")
    return Table(caption, gaps, _printed(gap, stars), _ranks(-gap))


def markdown(table: Table) -> str:
    """Return the caption and the table in Markdown."""
    cells = table.text.copy()
    for rank, mark in MARKDOWN_MARKS.items():
        cells = cells.where(table.rank != rank, cells.map(mark.format))
    aligned = ["left"] + ["right"] * len(cells.columns)
    return f"{table.caption}\n\n{cells.to_markdown(colalign=aligned, disable_numparse=True)}\n"


def rows_markdown(rows: pd.DataFrame, align: str = "left") -> str:
    """Return Markdown of rows, the first column to the left, the others as `align` says."""
    columns = ["left"] + [align] * (len(rows.columns) - 1)
    return str(rows.to_markdown(index=False, disable_numparse=True, colalign=columns))


def latex(table: Table) -> str:
    r"""Return a LaTeX table for `\usepackage{booktabs}`, the caption included."""
    wraps = table.rank.map(lambda rank: LATEX_MARKS.get(rank, ""))
    cells = table.text.replace(LATEX_SIGNS, regex=True).replace(MISSING, "--")
    styler = cells.rename_axis(columns=None, index=None).style
    styler.apply(lambda _: wraps, axis=None)
    styler.format_index(escape="latex").format_index(escape="latex", axis="columns")
    return styler.to_latex(
        caption=table.caption.replace("±", r" $\pm$ ").replace("_", r"\_"),
        column_format="l" + "r" * len(cells.columns),
        hrules=True,
        position_float="centering",
    )


def write(table: Table, *paths: str | Path) -> None:
    """Write `table` atomically to each of `paths`: .md, .tex, or .csv (its tidy data)."""
    writers = {
        ".md": markdown,
        ".tex": latex,
        ".csv": lambda table: table.data.to_csv(index=False, lineterminator="\n"),
    }
    for path in map(Path, paths):
        write_text(path, writers[path.suffix](table))


def wide(tidy: pd.DataFrame, columns: str, values: str) -> pd.DataFrame:
    """Return `values` with strategies in rows, in the order in which they are first named."""
    table = tidy.pivot(index="strategy", columns=columns, values=values)
    order = tidy[columns].unique()
    shown = sorted(order) if columns == "labels" else order
    return table.loc[tidy["strategy"].unique(), shown]


def named(table: pd.DataFrame) -> pd.DataFrame:
    """Call the strategies of the rows as tables do."""
    strategies = [display_name(str(strategy)) for strategy in table.index]
    return table.set_axis(pd.Index(strategies, name="Strategy"))


def _printed(value: pd.DataFrame, suffix: pd.DataFrame | str = "") -> pd.DataFrame:
    return named(value.map(number) + suffix)


def number(value: float) -> str:
    """Return a number as tables print it."""
    return MISSING if pd.isna(value) else f"{value:.1f}"


def _ranks(value: pd.DataFrame) -> pd.DataFrame:
    """Return the dense ranks 1 and 2 of the numbers as they are printed, 0 for all others."""
    printed = value.map(lambda number: float(f"{number:.1f}"))
    rank = printed.rank(method="dense", ascending=False)
    marked = rank.where((rank <= 2) & (printed.nunique() > 1), 0).astype(int)
    return marked.set_axis(_printed(value).index)
