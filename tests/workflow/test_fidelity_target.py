"""The target `fidelity`, on top of the finished smoke run."""

import pandas as pd


def test_fidelity_adds_its_figures_and_table(rerun):
    code, output = rerun.run("--cores", "2", "fidelity")
    assert code == 0, output
    results = rerun.folder / "results/smoke"
    for name in ("kernels", "coverage"):
        assert (results / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
    kernels = pd.read_csv(results / "random/seed0/kernels.csv")
    assert set(kernels["labels"]) == {10, 20, 30}
    assert kernels["agreement"].between(0, 1).all()
    coverage = pd.read_csv(results / "ntkcpl_al/seed0/coverage.csv")
    assert coverage["round"].tolist() == [1, 2, 3]
    batch = pd.read_csv(results / "ntkcpl_al/seed0/round2/batch.csv")
    assert coverage["estimated"][1] == batch["estimated_coverage"].iloc[-1]
    assert "default" in (results / "tables/kernels.md").read_text()
    logs = {path.stem for path in (rerun.folder / "logs/smoke").rglob("*.log")}
    assert {"compare_kernels", "measure_coverage", "plot_coverage"} <= logs
