"""The target `fidelity`, on top of the finished smoke run."""

import pandas as pd

FIGURES = (
    "kernels",
    "coverage",
    "errors",
    "claim",
    "impurity",
    "over_clustering",
    "selection_time",
)


def test_fidelity_adds_its_figures_and_tables(rerun):
    code, output = rerun.run("--cores", "2", "fidelity")
    assert code == 0, output
    results = rerun.folder / "results/smoke"
    for figure in FIGURES:
        assert is_png(results / f"figures/{figure}.png")
    assert is_png(results / "ntkcpl_self/seed0/round1/coverage_map.png")
    assert not (results / "figures/cluster_number.png").exists()  # its labels are too few
    kernels = pd.read_csv(results / "random/seed0/kernels.csv")
    assert set(kernels["labels"]) == {10, 20, 30}
    assert kernels["agreement"].between(0, 1).all()
    assert "default" in (results / "tables/kernels.md").read_text()
    logs = {path.stem for path in (rerun.folder / "logs/smoke").rglob("*.log")}
    assert {"compare_kernels", "measure_coverage", "compare_notions", "plot_coverage_map"} <= logs

    coverage = pd.read_csv(results / "ntkcpl_al/seed0/coverage.csv")
    assert coverage["round"].tolist() == [1, 2, 3]
    for r, estimated in enumerate(coverage["estimated"], start=1):
        batch = pd.read_csv(results / f"ntkcpl_al/seed0/round{r}/batch.csv")
        # Of 200 images, one may be so near a tie that rounding decides it.
        assert abs(estimated - batch["estimated_coverage"].iloc[-1]) <= 1 / 200
    assert (coverage["error"] <= coverage["bound"] + 1e-9).all()
    estimates = pd.read_csv(results / "estimated_accuracy.csv")
    ours = estimates[estimates["strategy"] == "ntkcpl_al"]["estimated_accuracy"]
    assert (coverage["estimated_accuracy"] - ours.to_numpy()).abs().max() < 1e-3

    notions = pd.read_csv(results / "ntkcpl_al/seed0/notions.csv")
    assert len(notions) == 3 * 3
    truth = notions.drop_duplicates("round")["truth"]
    assert (truth.to_numpy() == coverage["classifier"].to_numpy()).all()
    assert "NTKCPL (al): ProbCover, recall" in (results / "tables/coverage_notions.md").read_text()


def test_strategies_that_differ_in_their_number_of_clusters_are_compared(rerun):
    settings = rerun.config["experiments"]["smoke"]
    settings["budgets"] = [200, 300, 400]
    settings["strategies"] += ["few"]
    rerun.config["strategies"]["few"] = rerun.config["strategies"]["ntkcpl_al"] | {
        "max_clusters": 5
    }
    wanted = "results/smoke/figures/cluster_number.png"
    code, output = rerun.run("--dry-run", "fidelity")
    assert code == 0 and wanted in output, output
    accuracy = rerun.folder / "results/smoke/accuracy.csv"
    table = pd.read_csv(accuracy)
    late = table[table["strategy"] == "ntkcpl_al"].replace({"labels": {10: 200, 20: 300, 30: 400}})
    pd.concat([late, late.assign(strategy="few")]).to_csv(accuracy, index=False)
    only = ("--allowed-rules", "plot_cluster_number", "--cores", "1")
    code, output = rerun.run(*only, "--", wanted)
    assert code == 0, output
    assert is_png(rerun.folder / wanted)


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")
