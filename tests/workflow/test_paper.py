"""The paper's section 4: the jobs of its five data sets, without running them."""

from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
import yaml

REFERENCE = pd.read_csv("reference/ntkcpl/accuracy.csv")
SEEDS = 5
CLUSTER = {"typiclust", "ntkcpl_self", "ntkcpl_al", "ntkcpl_self_se", "ntkcpl_al_se"}


def test_its_jobs_are_those_of_the_paper_s_tables(new_workflow):
    workflow = new_workflow({})
    workflow.config = yaml.safe_load((workflow.folder / "config/paper.yaml").read_text())
    (workflow.folder / "data/imagenet").mkdir(parents=True)
    (workflow.folder / "checkpoints").mkdir()
    (workflow.folder / "checkpoints/byol_resnet50.pth").touch()
    counted = defaultdict(Counter)
    for rule, wildcards in workflow.planned():
        if wildcards:
            named = dict(part.split("=") for part in wildcards.split(", "))
            counted[named["experiment"]][rule, named.get("strategy")] += 1
    assert set(counted) == set(REFERENCE["experiment"])
    for experiment, table in REFERENCE.groupby("experiment"):
        jobs, rounds = counted[experiment], table["labels"].nunique()
        # Beside the paper's NTKCPL by the 0-1 risk runs ours by the squared error.
        strategies = set(table["strategy"])
        strategies |= {f"{name}_se" for name in strategies if name.startswith("ntkcpl")}
        for rule in ("select_batch", "train_classifier", "cluster_pool"):
            asked = strategies & CLUSTER if rule == "cluster_pool" else strategies
            expected = dict.fromkeys(asked, rounds * SEEDS)
            assert expected == {name: n for (found, name), n in jobs.items() if found == rule}
        assert jobs["extract_features", None] == 1
        assert jobs["pretrain", None] == (experiment != "pets")
        assert jobs["import_encoder", None] == (experiment == "pets")


def test_its_recipes_are_those_of_table_3():
    configured = yaml.safe_load(Path("config/paper.yaml").read_text())["experiments"]
    for row in pd.read_csv("reference/ntkcpl/hyperparameters.csv").to_dict("records"):
        experiment = configured[row["experiment"]]
        assert experiment["budgets"] == [int(n) for n in row["budgets"].split()]
        names = (
            "hidden_width",
            "learning_rate",
            "momentum",
            "weight_decay",
            "batch_size",
            "epochs",
        )
        assert experiment["classifier"] == {name: row[name] for name in names}
        for entry in experiment["strategies"]:
            name, differs = next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})
            if name.startswith("ntkcpl"):
                assert differs == {"max_clusters": row["max_clusters"]}
            if name == "badge" and row["experiment"] in ("cifar100", "imagenet100", "pets"):
                assert differs == {"method": "badge_partition"}
