"""What `make paper` builds: every figure and table of the paper, of config/digits-paper.yaml."""

import json
import re

import pandas as pd
import pytest
import yaml

FIGURES = {
    1: "ntkcpl_self/seed0/round1/coverage_map",
    2: "figures/accuracy",
    3: "figures/gain",
    4: "figures/coverage",
    5: "figures/cluster_number",
    6: "figures/claim",
    7: "figures/impurity",
    8: "figures/over_clustering",
    9: "figures/selection_time",
}
TABLES = (
    "accuracy",
    "effective_budget",
    "behind_best",
    "against_paper",
    "claims",
    "coverage_notions",
    "kernels",
)


@pytest.fixture(scope="module")
def paper(new_workflow):
    """Return the finished run, of one seed to save time."""
    workflow = new_workflow({})
    workflow.config = yaml.safe_load((workflow.folder / "config/digits-paper.yaml").read_text())
    workflow.config["experiments"]["digits-paper"]["seeds"] = [0]
    code, output = workflow.run("--cores", "2", "all", "fidelity")
    assert code == 0, output
    return workflow


@pytest.fixture(scope="module")
def results(paper):
    return paper.folder / "results/digits-paper"


@pytest.mark.parametrize("figure", [*FIGURES.values(), "figures/errors", "figures/kernels"])
def test_there_is_each_figure(results, figure):
    assert (results / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
    assert (results / f"{figure}.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("table", TABLES)
def test_there_is_each_table(results, table):
    for suffix in (".md", ".csv", ".tex"):
        assert (results / f"tables/{table}{suffix}").stat().st_size > 0


def test_kernels_are_compared_at_each_number_of_labels(results):
    kernels = pd.read_csv(results / "random/seed0/kernels.csv")
    assert set(kernels["labels"]) == {20, 400, 500}
    assert kernels["agreement"].between(0, 1).all()
    assert "default" in (results / "tables/kernels.md").read_text()


def test_coverage_is_what_the_rounds_estimated(results):
    coverage = pd.read_csv(results / "ntkcpl_al/seed0/coverage.csv")
    assert coverage["round"].tolist() == [1, 2, 3]
    for r, estimated in enumerate(coverage["estimated"], start=1):
        batch = pd.read_csv(results / f"ntkcpl_al/seed0/round{r}/batch.csv")
        # Of 500 images, one may be so near a tie that rounding decides it.
        assert abs(estimated - batch["estimated_coverage"].iloc[-1]) <= 1 / 500
    assert (coverage["error"] <= coverage["bound"] + 1e-9).all()
    estimates = pd.read_csv(results / "estimated_accuracy.csv")
    ours = estimates[estimates["strategy"] == "ntkcpl_al"]["estimated_accuracy"]
    assert (coverage["estimated_accuracy"] - ours.to_numpy()).abs().max() < 1e-3


def test_notions_of_coverage_are_held_against_the_classifier(results):
    coverage = pd.read_csv(results / "ntkcpl_al/seed0/coverage.csv")
    notions = pd.read_csv(results / "ntkcpl_al/seed0/notions.csv")
    assert len(notions) == 3 * 3
    truth = notions.drop_duplicates("round")["truth"]
    assert (truth.to_numpy() == coverage["classifier"].to_numpy()).all()
    assert "NTKCPL (al): ProbCover, recall" in (results / "tables/coverage_notions.md").read_text()


def test_each_stage_has_a_log(paper):
    logs = {path.stem for path in (paper.folder / "logs/digits-paper").rglob("*.log")}
    assert {"compare_kernels", "measure_coverage", "compare_notions", "plot_coverage_map"} <= logs


def test_too_few_labels_have_no_figure_of_cluster_numbers(paper):
    settings = paper.config["experiments"]["digits-paper"]
    budgets = settings["budgets"]
    settings["budgets"] = [20, 100, 399]
    rules = {job["rule"] for job in paper.plan("fidelity")}
    settings["budgets"] = budgets
    assert "plot_coverage" in rules and "plot_cluster_number" not in rules


def test_the_report_describes_the_run_and_captions_all_results(paper):
    code, output = paper.run("--report", "report.html", "all", "fidelity")
    assert code == 0, output
    page = (paper.folder / "report.html").read_text()
    described = json.loads(re.search("var workflow_desc = (.*);", page)[1])
    assert "9 strategies, 1 seed each, 3 rounds from 20 to 500" in " ".join(described.split())
    assert '"caption": "<p>' in page
    assert '"caption": ""' not in page
