"""What each way of choosing candidates costs in accuracy and saves in time, where all fit too.

    .venv/bin/python benchmarks/candidates.py embeddings.h5 table.csv [--seeds 0 1 2]

Each strategy buys labels from the whole pool of ready embeddings (README.md), from random
candidates, and from prototypes, or from all seen through landmarks; the classifier's test accuracy
is taken after each round. Rows are added to the table as they come, seed by seed, and those that
are there are not run again.
`--summary` prints the table's means over seeds in place of that: accuracy over all rounds,
its difference to the first way of the strategy with the standard error of the paired differences,
and the time of a round's choice, clustering included.
"""

import argparse
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from results_table import ResultsTable

from ntkcpl.learner import Learner

COLUMNS = ["strategy", "candidates", "seed", "labels", "accuracy", "seconds"]

KERNEL = {  # the kernel of all 50,000 takes 10 GB: the first is what the defaults were decided by
    "10000": {"candidates": 10_000},
    "prototypes 10000": {"candidates": {"prototypes": 10_000}},
    "5000": {"candidates": 5_000},
    "prototypes 5000": {"candidates": {"prototypes": 5_000}},
}
LANDMARKS = {"all, 512 landmarks": {"candidates": "all", "covariance": {"landmarks": 512}}}
LINEAR = {
    "all": {"candidates": "all"},
    "10000": {"candidates": 10_000},
    "prototypes 10000": {"candidates": {"prototypes": 10_000}},
}
STRATEGIES = {
    "ntkcpl_self": ({"method": "ntkcpl", "feature": "self"}, KERNEL),
    "typiclust": ({"method": "typiclust"}, LINEAR),
    "coreset_self": ({"method": "coreset", "feature": "self"}, LINEAR),
    "badge": ({"method": "badge"}, LINEAR),
    "maxherding": ({"method": "maxherding"}, LINEAR),
    "uherding": ({"method": "uherding"}, LINEAR),
    "probcover": ({"method": "probcover"}, LINEAR),
    "weighted_variance": ({"method": "weighted_variance"}, KERNEL | LANDMARKS),
}


def accuracies(data, settings, seed, budgets):
    """Yield labels, test accuracy and seconds of the choice, round by round."""
    classes = range(int(data["pool/label"].max()) + 1)
    learner = Learner(
        data["pool/embedding"], settings, seed=seed, classes=classes, views=data.get("pool/views")
    )
    held = 0
    for labels in budgets:
        learner.train()  # its training is no part of the choice
        started = time.perf_counter()
        chosen = learner.ask(labels - held)
        taken = time.perf_counter() - started
        learner.tell(chosen, data["pool/label"][chosen])
        held = labels
        right = learner.predict(data["test/embedding"]) == data["test/label"]
        yield labels, right.mean(), taken


def summary(table):
    """Return a row for each strategy and way."""
    runs = table.groupby(["strategy", "candidates", "seed"], sort=False)
    runs = runs.agg(accuracy=("accuracy", "mean"), seconds=("seconds", "mean")).reset_index()
    rows = []
    for strategy, part in runs.groupby("strategy", sort=False):
        first = None
        for way, run in part.groupby("candidates", sort=False):
            accuracy = 100 * run.set_index("seed")["accuracy"]
            first = accuracy if first is None else first
            gap = (accuracy - first).dropna()
            rows.append(
                {
                    "strategy": strategy,
                    "candidates": way,
                    "seeds": len(gap),
                    "accuracy": round(accuracy.mean(), 1),
                    "difference": round(gap.mean(), 1),
                    "its error": round(gap.std() / np.sqrt(len(gap)), 1),
                    "seconds": round(run["seconds"].median(), 1),
                }
            )
    return pd.DataFrame(rows)


def main():
    """Run the benchmark, or summarise its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("embeddings", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--budgets", type=int, nargs="+", default=[20, 100, 300])
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=[*STRATEGIES])
    parser.add_argument("--summary", action="store_true")
    arguments = parser.parse_args()
    table = ResultsTable(arguments.table, COLUMNS, keys=3)
    if arguments.summary:
        print(summary(table.rows).to_markdown(index=False))
        return
    with h5py.File(arguments.embeddings) as file:
        data = {}
        file.visititems(
            lambda name, item: (
                data.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    for seed in arguments.seeds:
        for name in arguments.strategies:
            settings, ways = STRATEGIES[name]
            for way, considered in ways.items():
                if table.has(name, way, seed):
                    continue
                run = accuracies(data, settings | considered, seed, arguments.budgets)
                table.add(
                    [name, way, seed, labels, f"{accuracy:.4f}", f"{seconds:.2f}"]
                    for labels, accuracy, seconds in run
                )


if __name__ == "__main__":
    main()
