from pathlib import Path

import pandas as pd
import pytest

from ntkcpl.reporting.accuracy import MissingReferenceError
from ntkcpl.reporting.tables import (
    accuracy_table,
    behind_best_table,
    effective_budget_table,
    latex,
    markdown,
    write,
)


def runs(accuracies: dict[str, list[list[float]]], experiment: str = "toy") -> pd.DataFrame:
    """Return runs from strategy -> seed -> accuracy at 100, 20, 40, ... labels."""
    return pd.DataFrame(
        {
            "experiment": experiment,
            "strategy": strategy,
            "seed": seed,
            "labels": labels,
            "test_accuracy": accuracy,
        }
        for strategy, seeds in accuracies.items()
        for seed, run in enumerate(seeds)
        for labels, accuracy in zip([100, 20], run, strict=False)
    )


# At 20 labels: 50, 70, 70, 60; at 100: 80 (twice the same), 81, 80.04, missing.
ACCURACY = runs(
    {
        "random": [[0.8, 0.5], [0.8, 0.5]],
        "entropy": [[0.8, 0.7], [0.82, 0.7]],
        "ntkcpl_al": [[0.8004, 0.7], [0.8004, 0.7]],
        "my_own": [[0.79, 0.5], [0.79, 0.7]],
    }
)
ACCURACY = ACCURACY[~((ACCURACY["strategy"] == "my_own") & (ACCURACY["labels"] == 100))]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| \\").split("|" if "|" in line else "&")]


def test_markdown_of_accuracy_marks_first_and_second_and_ties() -> None:
    caption, _, head, _, *body = markdown(accuracy_table(ACCURACY)).splitlines()
    assert "percent" in caption
    assert "over 2 seeds" in caption
    assert cells(head) == ["Strategy", "20", "100"]
    assert [cells(line) for line in body] == [
        ["Random", "50.0±0.0", "<ins>80.0±0.0</ins>"],
        ["Entropy", "**70.0±0.0**", "**81.0±1.4**"],
        # 80.04 prints as 80.0, so it shares Random's mark.
        ["NTKCPL (al)", "**70.0±0.0**", "<ins>80.0±0.0</ins>"],
        ["my_own", "<ins>60.0±14.1</ins>", "–"],
    ]


def test_latex_of_accuracy() -> None:
    text = latex(accuracy_table(ACCURACY))
    assert r"\toprule" in text
    assert r"\caption{Test accuracy in percent" in text
    assert "±" not in text
    rows = {cells(line)[0]: cells(line)[1:] for line in text.splitlines() if "&" in line}
    assert rows["Entropy"] == [r"\textbf{70.0 $\pm$ 0.0}", r"\textbf{81.0 $\pm$ 1.4}"]
    assert rows[r"my\_own"] == [r"\underline{60.0 $\pm$ 14.1}", "--"]


def test_one_seed_has_no_spread() -> None:
    table = accuracy_table(ACCURACY[ACCURACY["seed"] == 0])
    assert "of one seed" in table.caption
    assert table.text.loc["Random"].tolist() == ["50.0", "80.0"]


def test_unequal_numbers_of_seeds_are_told() -> None:
    fewer = ACCURACY[(ACCURACY["strategy"] == "random") | (ACCURACY["seed"] == 0)]
    assert "over 1 to 2 seeds" in accuracy_table(fewer).caption


def test_columns_of_equal_numbers_have_no_marks() -> None:
    table = accuracy_table(runs({"random": [[0.8, 0.5]], "entropy": [[0.8, 0.6]]}))
    assert table.rank[100].tolist() == [0, 0]
    assert table.rank[20].tolist() == [2, 1]
    assert "80.0" in markdown(table)


def test_accuracy_table_shows_one_experiment() -> None:
    with pytest.raises(ValueError, match="one experiment"):
        accuracy_table(pd.concat([ACCURACY, ACCURACY.assign(experiment="other")]))


def test_effective_budget_has_a_column_for_each_experiment() -> None:
    # There, 0.8 exceeds 0.7 + 0.14 at no label count but 0.9 does.
    other = runs({"random": [[0.6, 0.5], [0.8, 0.5]], "entropy": [[0.9, 0.5]]}, "another")
    bare = runs({"entropy": [[0.9, 0.5]]}, "bare")
    table = effective_budget_table(pd.concat([ACCURACY, other, bare]))
    ratios = table.text.map(lambda text: text.split()[0])
    assert ratios.to_dict("index") == {
        "Entropy": {"toy": "100.0", "another": "50.0"},
        "NTKCPL (al)": {"toy": "100.0", "another": "–"},
        "my_own": {"toy": "100.0", "another": "–"},
    }
    assert cells(markdown(table).splitlines()[2]) == ["Strategy", "toy", "another"]


def test_effective_budget_has_an_interval() -> None:
    table = effective_budget_table(ACCURACY)
    assert [*table.data.columns][-2:] == ["low", "high"]
    bounds = table.data[["low", "high"]].iloc[0]
    low, high = (f"{100 * bound:.0f}" for bound in bounds)
    assert table.text["toy"].iloc[0].endswith(f" [{low}–{high}]")


def test_behind_best_is_zero_for_the_best_and_starred_where_sure() -> None:
    sure = runs(
        {
            "random": [[0.5, 0.6], [0.52, 0.7], [0.51, 0.5]],
            "entropy": [[0.7, 0.7], [0.71, 0.5], [0.72, 0.6]],
        },
        "toy",
    )
    table = behind_best_table(sure)
    assert table.text.to_dict("index") == {
        "Random": {20: "0.0", 100: "20.0*"},
        "Entropy": {20: "0.0", 100: "0.0"},
    }
    assert table.rank.loc["Entropy", 100] == 1
    assert markdown(table)
    assert latex(table)


def test_effective_budget_is_unknown_with_one_seed_of_random() -> None:
    table = effective_budget_table(ACCURACY[ACCURACY["seed"] == 0])
    assert table.text["toy"].tolist() == ["–", "–", "–"]
    assert table.rank["toy"].tolist() == [0, 0, 0]


def test_effective_budget_needs_random_and_something_else() -> None:
    with pytest.raises(MissingReferenceError):
        effective_budget_table(ACCURACY[ACCURACY["strategy"] != "random"])
    alone = effective_budget_table(ACCURACY[ACCURACY["strategy"] == "random"])
    assert alone.text.empty
    assert markdown(alone)
    assert latex(alone)


def test_files(tmp_path: Path) -> None:
    table = accuracy_table(ACCURACY)
    write(table, *(tmp_path / "tables" / f"accuracy{suffix}" for suffix in (".md", ".tex", ".csv")))
    assert (tmp_path / "tables/accuracy.md").read_text() == markdown(table)
    assert (tmp_path / "tables/accuracy.tex").read_text() == latex(table)
    read = pd.read_csv(tmp_path / "tables/accuracy.csv")
    assert list(read.columns) == ["experiment", "strategy", "labels", "mean", "std", "seeds"]
    assert read["mean"][:2].tolist() == [0.5, 0.8]
    assert len(list((tmp_path / "tables").iterdir())) == 3
