"""What every strategy chose, and how accurate its classifiers were, when golden.csv was written.

The strategies of the smoke run, and one more for each method that it lacks, on its embeddings. They
are run by a learner, whose choices are those of the workflow (test_learner.py). `make golden`
writes golden.csv anew, where choices are meant to change; say in the commit why.

On the machine that the file was written on (its first line), all must be equal: the choices, and
the accuracies to the last digit. Another processor rounds sums differently, so the encoder differs
a little, and with it what is chosen. There, choices that read no embedding must be equal, and a
strategy's accuracy, over its rounds, within `TOLERANCE`.
"""

import os
import platform
from pathlib import Path

import pandas as pd
import pytest
from learner_rounds import rounds

from ntkcpl.artifacts.features import read_features

GOLDEN = Path(__file__).with_name("golden.csv")
RENEW = os.environ.get("NTKCPL_RENEW_GOLDEN")
TOLERANCE = 0.1  # of an accuracy averaged over three rounds of 10 to 30 labels
OTHERS = {
    "margin": {"method": "margin"},
    "coreset_self": {"method": "coreset", "feature": "self"},
    "coreset_al": {"method": "coreset", "feature": "al"},
    "badge": {"method": "badge"},
    "badge_partition": {"method": "badge_partition", "parts": 3},
    "probcover": {"method": "probcover"},
    "maxherding": {"method": "maxherding"},
    "uherding": {"method": "uherding"},
    "dropquery": {"method": "dropquery"},
    "bald": {"method": "bald", "samples": 10},
    "alfamix": {"method": "alfamix"},
    "lookahead": {"method": "lookahead", "candidates": 200},
    "ev_gp": {"method": "ev_gp", "candidates": 200},
    "bait": {"method": "bait"},
    "weighted_variance": {"method": "weighted_variance", "candidates": 200},
    "epig": {"method": "epig", "targets": 200},
    "falcun": {"method": "falcun"},
    "refine": {"method": "refine", "passes": 2, "draws": 1, "subset": 300},
    "tcm": {"method": "tcm", "typiclust_until": 2},
    "ntkcpl_infinite": {
        "method": "ntkcpl",
        "feature": "al",
        "candidates": 200,
        "criterion": "risk",
    },
}


def machine():
    """What decides how a sum is rounded: the processor, and the libraries' opinion of it."""
    import torch
    from threadpoolctl import threadpool_info

    blas = {info["architecture"] for info in threadpool_info() if info["user_api"] == "blas"}
    model = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(("model name", "model\t", "stepping"))
    ][:3]
    parts = [platform.machine(), *model, *sorted(blas), torch.backends.cpu.get_cpu_capability()]
    return " ".join(parts).replace(",", "")


@pytest.fixture(scope="module")
def found(finished):
    experiment = finished.config["experiments"]["smoke"]
    features = read_features(finished.folder / "results/smoke/features.h5")
    table = pd.DataFrame(
        row
        for name, settings in (finished.config["strategies"] | OTHERS).items()
        for row in rounds(features, name, settings, experiment)
    )
    if RENEW:
        GOLDEN.write_text(f"# {machine()}\n" + table.to_csv(index=False, lineterminator="\n"))
    return table


@pytest.fixture(scope="module")
def golden():
    return pd.read_csv(GOLDEN, dtype=str, comment="#")


def test_choices_and_accuracies_are_the_golden_ones(found, golden):
    if GOLDEN.read_text().partition("\n")[0] == f"# {machine()}":
        pd.testing.assert_frame_equal(found, golden)
        return
    random = [table[table["strategy"] == "random"]["chosen"].tolist() for table in (found, golden)]
    assert random[0] == random[1]
    means = [
        table.astype({"test": float}).groupby("strategy")["test"].mean()
        for table in (found, golden)
    ]
    assert (means[0] - means[1]).abs().max() < TOLERANCE, means


def test_every_method_is_pinned(golden, smoke_config):
    from ntkcpl.strategies import methods

    strategies = smoke_config["strategies"] | OTHERS
    assert {strategies[name]["method"] for name in golden["strategy"]} == set(methods())
