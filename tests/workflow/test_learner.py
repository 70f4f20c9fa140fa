"""A learner in a notebook chooses what the workflow chooses."""

import csv

import h5py
import pytest

from ntkcpl.artifacts.features import read_features
from ntkcpl.learner import Learner


@pytest.mark.parametrize("strategy", ["entropy", "typiclust", "ntkcpl_self", "ntkcpl_al"])
def test_it_asks_for_the_workflow_s_batches(finished, strategy):
    results = finished.folder / "results/smoke"
    experiment = finished.config["experiments"]["smoke"]
    features = read_features(results / "features.h5")
    with h5py.File(results / "features.h5") as file:
        views = file["pool/views"][:]
    learner = Learner(
        features.embedding,
        finished.config["strategies"][strategy],
        classifier=experiment["classifier"],
        classes=range(10),
        views=views,
        experiment="smoke",
        name=strategy,
    )
    held = 0
    for number, budget in enumerate(experiment["budgets"], start=1):
        with (results / strategy / f"seed0/round{number}/batch.csv").open() as file:
            expected = [int(row["index"]) for row in csv.DictReader(file)]
        found = learner.ask(budget - held)
        assert found.tolist() == expected
        learner.tell(found, features.label[found])
        held = budget
