"""A learner in a notebook chooses what the workflow chooses."""

import pandas as pd
import pytest
from learner_rounds import rounds

from ntkcpl.artifacts.features import read_features


@pytest.mark.parametrize("strategy", ["entropy", "typiclust", "ntkcpl_self", "ntkcpl_al"])
def test_it_asks_for_the_workflow_s_batches(finished, strategy):
    results = finished.folder / "results/smoke"
    features = read_features(results / "features.h5")
    settings = finished.config["strategies"][strategy]
    experiment = finished.config["experiments"]["smoke"]
    table = list(rounds(features, strategy, settings, experiment))
    assert len(table) == len(experiment["budgets"])
    for row in table:
        batch = pd.read_csv(results / strategy / f"seed0/round{row['round']}/batch.csv")
        assert row["chosen"].split() == batch["index"].astype(str).tolist()
