"""An experiment's accuracies beside those that the paper printed (Wen et al. 2023).

Accuracies depend on the encoder, so it is the gains over Random that are compared, and the order of
the strategies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from ntkcpl.reporting.accuracy import (
    CURVE,
    REFERENCE,
    effective_budget_ratio,
    gain_over_random,
    learning_curves,
)
from ntkcpl.reporting.claims import LEVEL, MARGIN, Judgement, points, wording
from ntkcpl.reporting.evidence import printed_gain, welch_p_value
from ntkcpl.reporting.look import display_name
from ntkcpl.reporting.tables import MISSING, Table, effective_budget_table, number

TAU = "Kendall's tau"


def against_paper(accuracy: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """Compare accuracies, gains over Random and orders of strategies with the paper's.

    Parameters
    ----------
    accuracy
        Runs of one experiment (see `artifacts.accuracy`).
    paper
        The curves that it is compared with (see `artifacts.reference.read_curves`).

    Returns
    -------
    DataFrame
        strategy, labels, mean, std, seeds, paper_mean, paper_std, gain, gain_std, paper_gain,
        paper_gain_std, difference, p_value, kendall_tau: a row for each that both ran, shares.
        `difference` is our gain less the paper's and `p_value` that of Welch's t-test of the two;
        gains are NaN for Random. Ours are paired by seed, the spread of the paper's is that of a
        difference of independent means. `kendall_tau` is of our and the paper's order of all
        strategies at that number of labels, NaN of fewer than two.
    """
    ours, theirs = (
        gains.set_index(CURVE) for gains in (gain_over_random(accuracy), printed_gain(paper))
    )
    ours, theirs = ours.align(theirs, join="inner", axis="index")
    gains = pd.DataFrame(
        {
            "gain": ours["mean"],
            "gain_std": ours["std"],
            "paper_gain": theirs["mean"],
            "paper_gain_std": theirs["std"],
            "difference": ours["mean"] - theirs["mean"],
            "p_value": welch_p_value(ours, theirs),
        }
    )
    printed = paper.rename(columns={"mean": "paper_mean", "std": "paper_std"})
    curves = learning_curves(accuracy).merge(printed.drop(columns="seeds"), on=CURVE)
    both = curves.merge(gains.reset_index(), on=CURVE, how="left").drop(columns="experiment")
    return both.assign(kendall_tau=both["labels"].map(_agreement_of_orders(both)))


def _agreement_of_orders(both: pd.DataFrame) -> dict[int, float]:
    """Return number of labels -> Kendall's tau-b between our means and the paper's."""
    from scipy.stats import kendalltau  # slow to import

    return {
        labels: kendalltau(table["mean"], table["paper_mean"]).statistic
        for labels, table in both.groupby("labels")
        if len(table) > 1
    }


def against_paper_table(accuracy: pd.DataFrame, paper: pd.DataFrame) -> Table:
    """Return gains over Random beside the paper's at each number of labels.

    Parameters
    ----------
    accuracy, paper
        As for `against_paper`.

    Returns
    -------
    Table
        A row for each strategy, and one for the agreement of the orders; a column for each number
        of labels that both have.
    """
    both = against_paper(accuracy, paper)
    cells = both.apply(_cell, axis="columns")
    text = both.assign(cell=cells).pivot(index="strategy", columns="labels", values="cell")
    text = text.reindex(both["strategy"].unique()).fillna(MISSING)
    text = text.rename(index=display_name).rename_axis("Strategy")
    tau = both.groupby("labels")["kendall_tau"].first()
    text.loc[TAU] = tau.map(lambda value: MISSING if np.isnan(value) else f"{value:.2f}")
    caption = (
        f"Gain over {display_name(REFERENCE)} in percentage points, ours / the paper's, and in "
        "parentheses by how much ours is larger; a star marks what Welch's t-test tells apart at "
        f"{LEVEL:.0%}, not corrected for the number of cells. {display_name(REFERENCE)}'s row is "
        f"its accuracy in percent, ours / the paper's. {TAU}-b compares the two orders of the "
        "strategies by mean accuracy: 1 the same, -1 reversed."
    )
    return Table(caption, both, text, unranked(text))


def _cell(row: pd.Series) -> str:
    if row["strategy"] == REFERENCE:
        return f"{100 * row['mean']:.1f} / {100 * row['paper_mean']:.1f}"
    star = "*" if row["p_value"] < LEVEL else ""
    gains = f"{points(row['gain'])} / {points(row['paper_gain'])}"
    return f"{gains} ({points(row['difference'])}{star})"


def claims_table(judgements: Sequence[Judgement]) -> Table:
    """Return the paper's claims about one experiment, each with its verdict and figure."""
    data = pd.DataFrame(
        judgement.claim.model_dump()
        | {"claim": wording(judgement.claim)}
        | {name: value for name, value in asdict(judgement).items() if name != "claim"}
        for judgement in judgements
    ).astype({"first": "Int64", "last": "Int64"})
    shown = data.set_index("claim")[["section", "verdict", "figure"]]
    text = shown.rename(columns=str.capitalize).rename_axis("Claim")
    caption = (
        "What the paper claims of this data set, and whether these runs reproduce it. A claim of "
        "accuracies is reproduced if it holds in the mean at each number of labels and a t-test "
        f"paired by seed, of the average over them, tells so at {LEVEL:.0%}; it is not if that "
        "test tells the opposite of the average, or of one number of labels (Bonferroni). That a "
        "strategy is behind somewhere is the opposite of being ahead. The effective budget ratio "
        "is judged by the 95% interval of a bootstrap over seeds. All else cannot be told. "
        f"Differences are in percentage points; where {100 * MARGIN:g} points are allowed, p is "
        f"that of a difference of {-100 * MARGIN:g}."
    )
    return Table(caption, data, text, unranked(text))


def overall_budget_table(
    accuracy: pd.DataFrame, paper: pd.DataFrame, printed: Mapping[str, float]
) -> Table:
    """Return Table 2 over all experiments of a run, beside the paper's.

    Parameters
    ----------
    accuracy
        Runs of any number of experiments (see `artifacts.accuracy`).
    paper
        All curves of the paper (see `artifacts.reference.read_curves`).
    printed
        The paper's own Table 2: strategy -> effective budget ratio.

    Returns
    -------
    Table
        As `tables.effective_budget_table`, and three columns: over all numbers of labels of all
        experiments, the same of the paper's Tables 1 and 4 to 7, and what it prints in Table 2.

    Raises
    ------
    MissingReferenceError
        If no experiment ran Random.
    """
    table = effective_budget_table(accuracy)
    overall = pd.DataFrame(
        {
            "all together": overall_ratio(effective_budget_ratio(learning_curves(accuracy))),
            "paper, recounted": overall_ratio(effective_budget_ratio(paper)),
            "paper, Table 2": pd.Series(printed, dtype=float),
        }
    ).reindex(table.data["strategy"].unique())
    text = (100 * overall).map(number).rename(index=display_name)
    caption = (
        f"{table.caption} Then the percentage over the numbers of labels of all experiments "
        "together, the same of the paper's own Tables 1 and 4 to 7, and what the paper prints in "
        "its Table 2, which does not follow from them."
    )
    tidy = table.data.merge(overall.rename_axis("strategy").reset_index(), on="strategy")
    rank = table.rank.join(unranked(text))
    return Table(caption, tidy, table.text.join(text), rank)


def overall_ratio(ratios: pd.DataFrame) -> pd.Series:
    """Return the effective budget ratio over all experiments together.

    Parameters
    ----------
    ratios
        See `accuracy.effective_budget_ratio`.

    Returns
    -------
    Series
        By strategy: effective numbers of labels over all of them, NaN without any.
    """
    counts = ratios.groupby("strategy", sort=False)[["effective", "label_counts"]].sum()
    return counts["effective"] / counts["label_counts"].where(counts["label_counts"] > 0)


def unranked(text: pd.DataFrame) -> pd.DataFrame:
    """Return ranks that mark no cell of `text`."""
    return pd.DataFrame(0, index=text.index, columns=text.columns)
