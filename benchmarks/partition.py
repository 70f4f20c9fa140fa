"""What a choice loses that is made shard by shard, as it would be past one machine.

    .venv/bin/python benchmarks/partition.py embeddings.h5 table.csv [--shards 1 4 16 64]
                                             [--seeds 0 1 2 3 4] [--budget 100]
                                             [--enlarge 1000000]
    .venv/bin/python benchmarks/partition.py embeddings.h5 table.csv --summary

The pool of ready embeddings (README.md) is dealt out at random. The strategy chooses a batch from
each shard, beside the labels held; each of these proposals counts for the images of its shard that
are nearest to it; and from all proposals, so weighted, the same strategy chooses the batch. Two
batches are bought: the second with a classifier. The table has a row for each batch: strategy,
shards, seed, labels, test accuracy, the coverage of the pool by a Gaussian kernel (MaxHerding's
aim), and the seconds of the slowest shard and of the merging, which is what machines side by side
would take. With `--enlarge` the pool is so many images drawn from normal distributions, each with
the mean and the (shrunken) covariance of a class; those tested are the file's. Rows that are there
are not run again; `--summary` prints means over seeds and the paired differences from one shard.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from sklearn.covariance import LedoitWolf
from sklearn.metrics import pairwise_distances_argmin

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from results_table import ResultsTable

from ntkcpl import strategies
from ntkcpl.geometry.herding import Coverage
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.learner import Learner

COLUMNS = ["strategy", "shards", "seed", "labels", "accuracy", "coverage", "seconds"]
STRATEGIES = {
    "maxherding": {"method": "maxherding"},
    "uherding": {"method": "uherding"},
    "typiclust": {"method": "typiclust"},
    "coreset_self": {"method": "coreset", "feature": "self"},
    "ntkcpl_self": {"method": "ntkcpl", "feature": "self"},
    "weighted_variance": {"method": "weighted_variance"},
}


def ask(strategy, pool, budget, n_classes, seed):
    """Return the batch that a strategy chooses, clustering first where it wants clusters."""
    held = len(pool.labelled)
    clustering = strategy.clustering(held + budget, first_budget=budget)
    rng = np.random.default_rng([seed, held])
    if clustering is not None:
        pool = replace(pool, clusters=clustering.cluster(pool, rng, n_classes))
    return strategy.query(pool, budget, rng).index


def represented(x, rows, chosen):
    """Return how many of some rows are nearest to each of those chosen among them."""
    nearest = pairwise_distances_argmin(x[rows], x[chosen])
    return np.bincount(nearest, minlength=len(chosen))


def ask_in_shards(strategy, pool, n_shards, budget, n_classes, seed):
    """Return the batch, and the seconds of the slowest shard and the merging."""
    if n_shards == 1:
        started = time.perf_counter()
        return ask(strategy, pool, budget, n_classes, seed), time.perf_counter() - started
    dealt = np.random.default_rng(seed).permutation(pool.unlabelled)
    x = scale_embedding(pool.embedding, "l2")
    proposals, weights, slowest = [], [], 0.0
    for rows in np.array_split(dealt, n_shards):
        started = time.perf_counter()
        part, kept = pool.part(np.sort(rows))
        chosen = kept[ask(strategy, part, budget, n_classes, seed)]
        weights.append(represented(x, rows, chosen))
        proposals.append(chosen)
        slowest = max(slowest, time.perf_counter() - started)
    started = time.perf_counter()
    proposed, weight = np.concatenate(proposals), np.concatenate(weights)
    order = np.argsort(proposed)
    # One that no image is nearest to, of several that are alike, still stands for itself.
    part, kept = pool.part(proposed[order], np.maximum(weight[order], 1))
    chosen = kept[ask(strategy, part, budget, n_classes, seed)]
    return chosen, slowest + time.perf_counter() - started


def batches(data, settings, n_shards, seed, budget):
    """Yield labels, accuracy, coverage and seconds after each of two batches."""
    strategy, classes = strategies.load(settings), range(int(data["pool/label"].max()) + 1)
    learner = Learner(data["pool/embedding"], settings, seed=seed, classes=classes)
    x = scale_embedding(data["pool/embedding"], "l2")
    for _ in range(2):
        pool = learner.train()
        chosen, seconds = ask_in_shards(strategy, pool, n_shards, budget, len(classes), seed)
        learner.tell(chosen, data["pool/label"][chosen])
        right = learner.predict(data["test/embedding"]) == data["test/label"]
        covered = Coverage(x, np.ones(len(x)), 1.0, learner.labelled).covered
        yield len(learner.labelled), right.mean(), covered.mean(), seconds


def enlarge(data, number):
    """Put `number` images drawn from the classes' distributions in the place of the pool."""
    rng = np.random.default_rng(0)
    label = np.sort(rng.integers(data["pool/label"].max() + 1, size=number))
    pool = np.empty((number, data["pool/embedding"].shape[1]), dtype=np.float32)
    for c in np.unique(label):
        of_class = data["pool/embedding"][data["pool/label"] == c].astype(np.float64)
        fitted = LedoitWolf().fit(of_class)
        rows = np.flatnonzero(label == c)
        normal = rng.standard_normal((len(rows), pool.shape[1]), dtype=np.float32)
        normal @= np.linalg.cholesky(fitted.covariance_).T.astype(np.float32)
        pool[rows] = normal + fitted.location_
    return data | {"pool/embedding": pool, "pool/label": label}


def summary(table):
    """Return a row for each strategy, number of labels and number of shards."""
    keys, rows = ["strategy", "labels"], []
    for (strategy, labels), part in table.groupby(keys, sort=False):
        whole = part[part["shards"] == 1].set_index("seed")
        for shards, run in part.groupby("shards"):
            run = run.set_index("seed")
            gap = 100 * (run["accuracy"] - whole["accuracy"]).dropna()
            rows.append(
                {
                    "strategy": strategy,
                    "labels": labels,
                    "shards": shards,
                    "seeds": len(gap),
                    "accuracy": round(100 * run["accuracy"].mean(), 1),
                    "difference": round(gap.mean(), 1),
                    "its error": round(gap.std() / np.sqrt(len(gap)), 1),
                    "coverage": round(run["coverage"].mean(), 4),
                    "seconds": round(run["seconds"].median(), 1),
                }
            )
    return pd.DataFrame(rows)


def main():
    """Run the benchmark, or summarise its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("embeddings", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--enlarge", type=int, help="images of the pool, drawn from its classes")
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=[*STRATEGIES])
    parser.add_argument("--summary", action="store_true")
    asked = parser.parse_args()
    table = ResultsTable(asked.table, COLUMNS, keys=3)
    if asked.summary:
        print(summary(table.rows).to_markdown(index=False))
        return
    names = ("pool/embedding", "pool/label", "test/embedding", "test/label")
    with h5py.File(asked.embeddings) as file:
        data = {name: file[name][()] for name in names}
    if asked.enlarge:
        data = enlarge(data, asked.enlarge)
    for seed in asked.seeds:
        for name in asked.strategies:
            for shards in asked.shards:
                if table.has(name, shards, seed):
                    continue
                rows = batches(data, STRATEGIES[name], shards, seed, asked.budget)
                table.add([name, shards, seed, *row] for row in rows)


if __name__ == "__main__":
    main()
