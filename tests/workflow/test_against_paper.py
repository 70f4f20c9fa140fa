"""An experiment that names one of the paper's, on top of the finished smoke run."""

import pandas as pd


def test_reference_adds_its_tables_and_curves(rerun):
    rerun.config["experiments"]["smoke"]["reference"] = "cifar10"
    results = rerun.folder / "results"
    without = (results / "smoke/figures/accuracy.png").read_bytes()
    planned = {rule for rule, _ in rerun.planned()}
    assert planned == {"plot_accuracy", "plot_gain", "summarise"} | {
        "table_against_paper",
        "table_claims",
    }
    code, output = rerun.run("--cores", "2")
    assert code == 0, output
    tables = results / "smoke/tables"
    for name in ("against_paper", "claims"):
        for suffix in (".md", ".csv", ".tex"):
            assert (tables / f"{name}{suffix}").stat().st_size > 0
    against = pd.read_csv(tables / "against_paper.csv")
    assert against["labels"].unique().tolist() == [20]  # of 10, 20 and 30
    assert against["strategy"].tolist() == rerun.config["experiments"]["smoke"]["strategies"]
    random = against[against["strategy"] == "random"].iloc[0]
    assert random["paper_mean"] == 0.418
    claims = pd.read_csv(tables / "claims.csv")
    assert set(claims["experiment"]) == {"cifar10"}
    assert set(claims["verdict"]) == {"cannot tell"}  # of one seed
    assert (results / "smoke/figures/accuracy.png").read_bytes() != without


def test_the_summary_holds_the_ratios_beside_the_papers(finished):
    table = pd.read_csv(finished.folder / "results/summary/tables/effective_budget.csv")
    row = table[table["strategy"] == "ntkcpl_al"].iloc[0]
    assert round(100 * row["paper, recounted"], 1) == 93.6
    assert round(100 * row["paper, Table 2"], 1) == 92.7
