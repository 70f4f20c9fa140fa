"""The smoke run makes every file, and each says what it should."""

import csv
import json

import h5py
import pandas as pd


def test_every_file_is_there(finished):
    results = finished.folder / "results/smoke"
    expected = ["encoder.pt", "pretrain.csv", "features.h5", "accuracy.csv", "summary.md"]
    expected += ["estimated_accuracy.csv"]
    for figure in ("accuracy", "gain", "pretraining"):
        expected += [f"figures/{figure}.pdf", f"figures/{figure}.png"]
    for table in ("accuracy", "effective_budget", "behind_best"):
        expected += [f"tables/{table}{suffix}" for suffix in (".md", ".csv", ".tex")]
    for name in expected:
        assert (results / name).stat().st_size > 0, name
    summary = ("figures/accuracy.pdf", "figures/gain.png", "tables/effective_budget.md")
    for name in summary:
        assert (results.parent / "summary" / name).stat().st_size > 0, name
    assert not list(results.rglob("*.tmp"))
    assert not (results / "encoder.checkpoint.pt").exists()


def test_accuracy_is_tidy_and_complete(finished):
    table = pd.read_csv(finished.folder / "results/smoke/accuracy.csv")
    experiment = finished.config["experiments"]["smoke"]
    assert list(table.columns) == [
        "experiment",
        "strategy",
        "seed",
        "round",
        "labels",
        "test_accuracy",
        "pool_accuracy",
        "selection_seconds",
        "training_seconds",
    ]
    runs = len(experiment["strategies"]) * len(experiment["seeds"])
    assert len(table) == runs * len(experiment["budgets"])
    assert table.groupby(["strategy", "seed"])["labels"].apply(list).tolist() == (
        [experiment["budgets"]] * runs
    )
    assert table[["test_accuracy", "pool_accuracy"]].stack().between(0, 1).all()
    assert (table[["selection_seconds", "training_seconds"]] > 0).all(axis=None)


def test_each_round_adds_its_batch_to_the_labels(finished):
    for run in (finished.folder / "results/smoke").glob("*/seed*"):
        bought = []
        for folder in sorted(run.glob("round*")):
            with (folder / "batch.csv").open() as file:
                bought += [int(row["index"]) for row in csv.DictReader(file)]
            with h5py.File(folder / "classifier.h5") as classifier:
                assert classifier["labelled"][:].tolist() == bought
        assert (
            len(set(bought))
            == len(bought)
            == finished.config["experiments"]["smoke"]["budgets"][-1]
        )


def test_strategies_that_start_at_random_start_alike(finished):
    results = finished.folder / "results/smoke"

    def first_batch(strategy, seed):
        text = (results / f"{strategy}/seed{seed}/round1/batch.csv").read_text()
        return [row["index"] for row in csv.DictReader(text.splitlines())]

    assert first_batch("random", 0) == first_batch("entropy", 0) != first_batch("typiclust", 0)


def test_only_strategies_that_cluster_have_clusters(finished):
    results = finished.folder / "results/smoke"
    found = {path.relative_to(results).parts[0] for path in results.rglob("clusters.h5")}
    assert found == {"typiclust", "ntkcpl_self", "ntkcpl_al"}


def test_hdf5_files_say_where_they_come_from(finished):
    paths = list((finished.folder / "results/smoke").rglob("*.h5"))
    digests = {}
    for path in paths:
        with h5py.File(path) as file:
            digests[file.attrs["digest"]] = path
    for path in paths:
        with h5py.File(path) as file:
            json.loads(file.attrs["settings"])
            assert "torch" in json.loads(file.attrs["versions"])
            for name, digest in json.loads(file.attrs["inputs"]).items():
                assert name == "encoder" or digests[digest].stem == name


def test_each_job_has_a_log(finished):
    logs = {path.stem for path in (finished.folder / "logs/smoke").rglob("*.log")}
    scripts = {path.stem for path in (finished.folder / "scripts").glob("[!_]*.py")}
    # See test_imported_features.py, test_given_encoder.py, test_views.py, test_fidelity_target.py,
    # test_against_paper.py and test_labelling.py; logs/summary holds the log of what spans
    # experiments.
    elsewhere = {"import_features", "import_encoder", "compare_kernels", "measure_coverage"}
    elsewhere |= {"embed_views", "take_labels", "write_kit", "predict"}
    elsewhere |= {"update_features", "sort_images", "review", "draw_holdout", "evaluate_holdout"}
    elsewhere |= {"cross_validate", "plot_learning_curve", "plot_batch", "plot_doubtful"}
    elsewhere |= {"summarise_labels"}
    elsewhere |= {"plot_kernels", "table_kernels", "plot_coverage", "plot_errors", "plot_claim"}
    elsewhere |= {"plot_impurity", "plot_over_clustering", "plot_coverage_map", "compare_notions"}
    elsewhere |= {"table_coverage_notions", "plot_selection_time", "plot_cluster_number"}
    elsewhere |= {"table_against_paper", "table_claims", "table_effective_budgets"}
    assert logs == scripts - elsewhere
