"""Draw what `compare.py` has run: a page of figures and tables.

    .venv/bin/python benchmarks/compare_page.py [results/comparison ...] [--strategy ...]
                                                [--output results/comparison]

Reads each `seed<s>.csv` of a folder, or a table with the rows of all, such as
`docs/results/comparison/accuracy.csv`; of several, all together. Writes `accuracy.csv` with the
rows of all, `ranks.png` (the rank of each strategy by number of labels), `gain.png` (over Random,
of the strategies that lead), the tables of which these are made, and `page.md`, which shows them.
`--strategy` is the one that the others are held against.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.artifacts.accuracy import read_accuracy, write_accuracy
from ntkcpl.artifacts.files import ArtifactError, write_text
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.reporting import comparison
from ntkcpl.reporting.accuracy import REFERENCE
from ntkcpl.reporting.curves import MOST_BANDS, plot_gain
from ntkcpl.reporting.plots import save
from ntkcpl.reporting.tables import effective_budget_table, markdown, write


def read_chains(results: list[Path]) -> pd.DataFrame:
    """Return the rows of all chains, strategies in the order of their mean rank."""
    files = []
    for given in results:
        found = sorted(given.glob("*/*/seed*.csv")) if given.is_dir() else [given]
        if not found:
            sys.exit(f"{given} has no results: run benchmarks/compare.py")
        files += found
    try:
        rows = pd.concat(map(read_accuracy, files))
    except ArtifactError as error:
        sys.exit(str(error))
    chain = ["experiment", "strategy", "seed", "round"]
    if rows.duplicated(chain).any():
        twice = rows[rows.duplicated(chain)].iloc[0]
        sys.exit(
            f"seed {twice['seed']} of {twice['strategy']} on {twice['experiment']} is in two "
            "of the results: name one of them"
        )
    rank = comparison.ranks(rows).groupby("strategy")["rank"].mean()
    return rows.sort_values("strategy", key=lambda names: names.map(rank), kind="stable")


def leaders(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of as many strategies as a figure can show: the first, and Random."""
    names = [name for name in accuracy["strategy"].unique() if name != REFERENCE]
    shown = [*names[: MOST_BANDS - 1], REFERENCE]
    return accuracy[accuracy["strategy"].isin(shown)]


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="*", default=[Path("results/comparison")])
    parser.add_argument("--strategy", default="weighted_variance")
    parser.add_argument("--output", type=Path, help="a folder; by default that of the first")
    arguments = parser.parse_args()
    first = arguments.results[0]
    folder = first if first.is_dir() else first.parent
    output = arguments.output or folder
    write_accuracy(
        output / "accuracy.csv", read_chains(arguments.results).to_dict("records"), Provenance()
    )
    accuracy = read_accuracy(output / "accuracy.csv")
    save(comparison.plot_ranks(accuracy), output / "ranks.png")
    save(plot_gain(leaders(accuracy)), output / "gain.png")
    tables = {
        "near_best": comparison.near_best_table(accuracy),
        "effective_budget": effective_budget_table(accuracy),
        "thirds": comparison.thirds_table(accuracy, arguments.strategy),
    }
    for experiment, runs in accuracy.groupby("experiment", sort=False):
        tables[str(experiment)] = comparison.error_table(runs)
    for name, table in tables.items():
        write(table, output / f"{name}.csv")
    sections = [
        "# Strategies compared",
        "![Rank of each strategy by number of labels](ranks.png)",
        "The rank of each strategy's mean by number of labels, 1 the best; last, the mean of the "
        "ranks, in which each data set counts alike.",
        markdown(tables.pop("near_best")),
        markdown(tables.pop("effective_budget")),
        "## Thirds of the label counts",
        markdown(tables.pop("thirds")),
        "## Accuracy",
        "![Gain over Random against number of labels](gain.png)",
        "The figure has the strategies with the best mean ranks.",
        *(f"### {name}\n\n{markdown(table)}" for name, table in tables.items()),
    ]
    write_text(output / "page.md", "\n\n".join(section.strip() for section in sections) + "\n")


if __name__ == "__main__":
    main()
