"""Members of the weighted variance's family that are not built, on what it was tuned on.

    .venv/bin/python benchmarks/variance_variants.py embeddings.h5 EXPERIMENT table.csv
                     [--pool 5000] [--labels 20 40 60 80 100 200 500] [--seeds 100 101 102 103 104]
    .venv/bin/python benchmarks/variance_variants.py embeddings.h5 EXPERIMENT table.csv --summary

Each variant buys its first batch as the strategy does, by NTKCPL's clusters, and the others by
itself; all are held against the strategy as it is (`frozen`):

hidden units, sum
    the NTK on the classifier's hidden units, and the mean of that and the NTK on the embedding;
likelihood
    λ, in each round, by the marginal likelihood of the labels held;
clusters, weighted clusters
    NTKCPL's squared error, and that with each image's error times one minus its margin.

The table has a row for each batch: experiment, variant, seed, labels, test accuracy. Rows that are
there are not run again; `--summary` prints means and paired differences. It has room for pools of
10,000 images: kernels are whole.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.linalg import cho_factor, cho_solve

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from compare_pools import Changes, read_data
from results_table import ResultsTable

from ntkcpl.learner import Learner
from ntkcpl.regression.greedy import add_greedily
from ntkcpl.regression.kernel import absolute_ridge, infinite_ntk
from ntkcpl.regression.squared_error import SquaredErrors
from ntkcpl.regression.variance import WeightedVariance
from ntkcpl.strategies.margin import margins
from ntkcpl.strategies.ntkcpl import NTKCPL
from ntkcpl.strategies.weighted_variance import WeightedNTKVariance

COLUMNS = ["experiment", "variant", "seed", "labels", "accuracy"]
FROZEN, STARTER = WeightedNTKVariance(), NTKCPL(feature="self")
RIDGES = np.geomspace(1e-4, 1, 13)  # of which the marginal likelihood chooses


def hidden_units(pool):
    """Return the NTK on the classifier's hidden units, (N, N)."""
    return infinite_ntk(pool.hidden(np.arange(len(pool.embedding))))


def likeliest_ridge(kernel, label):
    """Return which of `RIDGES` makes one-hot labels likeliest, with the best scale of the kernel.

    `kernel` (L, L) is that of the images labelled, in units of its mean over the pool.
    """
    y = np.eye(label.max() + 1)[label] - 1 / (label.max() + 1)

    def likelihood(ridge):
        factor = cho_factor(kernel + ridge * np.eye(len(y)))
        scale = (y * cho_solve(factor, y)).mean()
        return -np.log(np.diag(factor[0])).mean() - np.log(scale) / 2

    return max(RIDGES, key=likelihood)


def by_variance(kernel, importance, labelled, ridge, budget):
    """Return the batch of the weighted variance with a kernel that is used up."""
    noise = np.full(len(kernel), absolute_ridge(np.diagonal(kernel), ridge))
    return WeightedVariance(kernel, importance, noise, labelled).select(budget)


def by_clusters(kernel, importance, clusters, labelled, budget):
    """Return the batch that lowers NTKCPL's squared error most, each image's times its importance.

    As `regression.incremental` does it, but that its weights count images.
    """
    n, target = len(kernel), np.eye(clusters.n_clusters)[clusters.pseudo_label]
    ridge = absolute_ridge(np.diagonal(kernel), STARTER.ridge)
    columns = kernel[:, labelled].astype(np.float64)
    factor = cho_factor(columns[labelled] + ridge * np.eye(len(labelled)))
    error = columns @ cho_solve(factor, target[labelled]) - target
    residual = kernel - (columns @ cho_solve(factor, columns.T)).astype(np.float32)

    def times(x):
        return (residual @ x.astype(np.float32)).astype(np.float64)

    errors = SquaredErrors(
        times(importance[:, None] * error),
        np.square(residual, dtype=np.float64) @ importance,
        np.diagonal(residual).astype(np.float64),
        error,
        importance,
        ridge,
        add_outer=lambda matrix, a, b: np.add(matrix, np.outer(a, b), out=matrix),
        vecdot=np.vecdot,
    )
    steps = np.empty((0, n))  # what is still to be taken from the residual kernel

    def add(index):
        nonlocal steps
        row = residual[index] - steps[:, index] @ steps
        weighted = importance * row
        errors.add(index, row, times(weighted) - (steps @ weighted) @ steps)
        steps = np.vstack([steps, row / np.sqrt(row[index] + ridge)])

    free = np.ones(n, dtype=bool)
    free[labelled] = False
    return add_greedily(budget, free, lambda: -errors.all(), add)


def batch(variant, kernel, pool, budget, first_budget, n_classes, rng):
    """Return the images that a variant chooses."""
    importance = 1 - margins(pool.probability(np.arange(len(pool.embedding))))
    if "clusters" in variant:
        clustering = STARTER.clustering(len(pool.labelled) + budget, first_budget)
        clusters = clustering.cluster(pool, rng, n_classes)
        weight = importance if variant == "weighted clusters" else np.ones(len(importance))
        return by_clusters(kernel, weight, clusters, pool.labelled, budget)
    ridge = FROZEN.ridge
    if variant == "hidden units":
        kernel = hidden_units(pool)
    elif variant == "sum":
        kernel = (hidden_units(pool) + kernel) / 2
    elif variant == "likelihood":
        held = kernel[np.ix_(pool.labelled, pool.labelled)].astype(np.float64)
        ridge = likeliest_ridge(held, pool.label)
        print(f"{len(held)} labels: lambda = {ridge:.4f}")
    return by_variance(kernel.copy(), importance, pool.labelled, ridge, budget)


VARIANTS = ["frozen", "hidden units", "sum", "likelihood", "clusters", "weighted clusters"]


def accuracies(variant, kernel, data, experiment, seed, budgets):
    """Yield labels and test accuracy after each batch."""
    learner = Learner(
        data.pool,
        FROZEN.model_dump(),
        seed=seed,
        classes=data.classes,
        views=data.views,
        experiment=experiment,
    )
    chosen, held = learner.ask(budgets[0]), 0
    for budget in budgets:
        if held:
            rng = np.random.default_rng([seed, held])
            pool, n_classes = learner.train(), len(data.classes)
            chosen = batch(variant, kernel, pool, budget - held, budgets[0], n_classes, rng)
        learner.tell(chosen, data.label[chosen])
        held = budget
        yield held, (learner.predict(data.test) == data.test_label).mean()


def summary(rows):
    """Return means at each number of labels, and the differences from `frozen` after the first."""
    table = rows.pivot_table(index=["seed", "labels"], columns="variant", values="accuracy") * 100
    table = table[[name for name in VARIANTS if name in table]]
    means = table.groupby("labels").mean().round(1)
    later = table[table.index.get_level_values("labels") > means.index[0]]
    gap = later.sub(later["frozen"], axis=0)
    few = gap.index.get_level_values("labels") <= means.index[len(means) // 2]
    for name, part in (("fewer labels", gap[few]), ("more labels", gap[~few])):
        by_seed = part.groupby("seed").mean()
        means.loc[name] = by_seed.mean().round(1)
        means.loc[f"{name}, error"] = by_seed.sem().round(1)
    return means.T


def main():
    """Run the benchmark, or summarise its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("embeddings", type=Path)
    parser.add_argument("experiment")
    parser.add_argument("table", type=Path)
    parser.add_argument("--pool", type=int)
    parser.add_argument("--labels", type=int, nargs="+", default=[20, 40, 60, 80, 100, 200, 500])
    parser.add_argument("--seeds", type=int, nargs="+", default=[100, 101, 102, 103, 104])
    parser.add_argument("--summary", action="store_true")
    asked = parser.parse_args()
    table = ResultsTable(asked.table, COLUMNS, keys=3)
    if asked.summary:
        rows = table.rows[table.rows["experiment"] == asked.experiment]
        print(summary(rows).to_markdown())
        return
    data = read_data(asked.embeddings, asked.experiment, Changes(pool=asked.pool))
    kernel = infinite_ntk(data.pool)
    for seed in asked.seeds:
        for variant in VARIANTS:
            if not table.has(asked.experiment, variant, seed):
                rows = accuracies(variant, kernel, data, asked.experiment, seed, asked.labels)
                table.add([asked.experiment, variant, seed, *row] for row in rows)


if __name__ == "__main__":
    main()
