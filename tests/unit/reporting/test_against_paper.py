"""The comparison with the paper's tables, against the definitions, row by row."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, ttest_ind_from_stats

from ntkcpl.artifacts.reference import ACCURACY, CLAIMS, read_claims, read_curves
from ntkcpl.artifacts.reference import read_effective_budget as printed_table_2
from ntkcpl.reporting.accuracy import effective_budget_ratio, learning_curves
from ntkcpl.reporting.against_paper import (
    TAU,
    against_paper,
    against_paper_table,
    claims_table,
    overall_budget_table,
    overall_ratio,
)
from ntkcpl.reporting.claims import judge
from ntkcpl.reporting.evidence import Runs
from ntkcpl.reporting.tables import latex, markdown

LABELS = [20, 30, 40]  # the paper has no 30
STRATEGIES = ["random", "typiclust", "uherding", "ntkcpl_self"]  # and no UHerding


@pytest.fixture
def accuracy() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "experiment": "mine",
            "strategy": strategy,
            "seed": seed,
            "labels": labels,
            "test_accuracy": rng.normal(0.4 + 0.02 * rank, 0.02),
        }
        for rank, strategy in enumerate(STRATEGIES)
        for seed in range(4)
        for labels in LABELS
    )


@pytest.fixture
def paper() -> pd.DataFrame:
    return read_curves(ACCURACY, {"mine": "cifar10"})


def test_comparison_is_of_what_both_ran(accuracy, paper):
    both = against_paper(accuracy, paper)
    rows = both[["strategy", "labels"]].to_records(index=False).tolist()
    assert rows == [(s, n) for s in ("random", "typiclust", "ntkcpl_self") for n in (20, 40)]
    printed = paper.set_index(["strategy", "labels"])
    own = accuracy.pivot(index=["strategy", "labels"], columns="seed", values="test_accuracy")
    for row in both.itertuples():
        key, base = (row.strategy, row.labels), ("random", row.labels)
        assert row.mean == pytest.approx(own.loc[key].mean())
        assert (row.paper_mean, row.paper_std) == tuple(printed.loc[key, ["mean", "std"]])
        order = [own.mean(axis=1)[name, row.labels] for name in both["strategy"].unique()]
        theirs = [printed["mean"][name, row.labels] for name in both["strategy"].unique()]
        assert row.kendall_tau == pytest.approx(kendalltau(order, theirs).statistic)
        if row.strategy == "random":
            assert np.isnan([row.gain, row.paper_gain, row.difference, row.p_value]).all()
            continue
        gain = own.loc[key] - own.loc[base]
        spread = np.hypot(printed["std"][key], printed["std"][base])
        theirs = printed["mean"][key] - printed["mean"][base]
        test = ttest_ind_from_stats(gain.mean(), gain.std(), 4, theirs, spread, 5, equal_var=False)
        assert row.difference == pytest.approx(gain.mean() - theirs)
        assert row.p_value == pytest.approx(test.pvalue)


def test_table_shows_gains_and_the_order(accuracy, paper):
    table = against_paper_table(accuracy, paper)
    assert table.text.index.tolist() == ["Random", "TypiClust", "NTKCPL (self)", TAU]
    assert table.text.columns.tolist() == [20, 40]
    row = table.data.set_index(["strategy", "labels"]).loc[("typiclust", 20)]
    assert table.text.loc["TypiClust", 20].startswith(f"{100 * row['gain']:+.1f} / +4.6 (")
    assert ("*" in table.text.loc["TypiClust", 20]) == (row["p_value"] < 0.05)
    assert table.text.loc["Random", 20].endswith(" / 41.8")
    assert markdown(table)
    assert "−" not in latex(table)


def test_random_alone_and_one_seed(accuracy, paper):
    alone = against_paper_table(accuracy[accuracy["strategy"] == "random"], paper)
    assert alone.text.index.tolist() == ["Random", TAU]
    assert alone.text.loc[TAU].tolist() == ["–", "–"]
    one = against_paper(accuracy[accuracy["seed"] == 0], paper)
    assert one["p_value"].isna().all()
    assert one["difference"].notna().sum() == 4


def test_claims_have_a_line_each(accuracy):
    claims = read_claims(CLAIMS, "cifar10")
    table = claims_table(judge(claims, Runs(accuracy)))
    assert len(table.text) == len(table.data) == len(claims)
    assert table.text["Verdict"].isin(["reproduced", "not reproduced", "cannot tell"]).all()
    assert table.text.loc["NTKCPL (al) is ahead of Random at all numbers of labels"].tolist() == [
        "4.1",
        "cannot tell",
        "NTKCPL (al) did not run",
    ]
    assert markdown(table)
    assert latex(table)


def test_the_papers_tables_give_these_ratios():
    ratio = 100 * overall_ratio(effective_budget_ratio(read_curves()))
    expected = {"typiclust": 48.9, "badge": 44.7, "ntkcpl_al": 93.6}
    assert ratio[list(expected)].round(1).to_dict() == expected


def test_overall_budget_counts_all_numbers_of_labels(accuracy):
    two = pd.concat([accuracy, accuracy[accuracy["labels"] == 20].assign(experiment="other")])
    table = overall_budget_table(two, read_curves(), printed_table_2())
    ratios = effective_budget_ratio(learning_curves(two)).groupby("strategy")
    expected = 100 * ratios["effective"].sum() / 4
    assert table.text["all together"].to_dict() == {
        "TypiClust": f"{expected['typiclust']:.1f}",
        "UHerding": f"{expected['uherding']:.1f}",
        "NTKCPL (self)": f"{expected['ntkcpl_self']:.1f}",
    }
    assert table.text.loc["TypiClust", "paper, recounted":].tolist() == ["48.9", "40.8"]
    assert table.text.loc["UHerding", "paper, recounted":].tolist() == ["–", "–"]
    assert list(table.text.columns[:2]) == ["mine", "other"]
    assert len(table.data) == 6
    assert markdown(table)
    assert latex(table)
