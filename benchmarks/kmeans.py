"""Time the constrained k-means against scikit-learn's k-means.

    .venv/bin/python benchmarks/kmeans.py [--samples 10000] [--width 512] [--clusters 100]

An iteration is timed without labels and with labelled samples of some classes that may not share
a cluster; scikit-learn's (`algorithm="lloyd"`, from the same start) knows no such constraint.
Calls of ours and of scikit-learn's take turns. Its k-means++ tries several rows for each centre,
ours one. At the end, the whole pool is clustered, as TypiClust does. The last lines are
`name value`, a line each; times are in seconds, and ratios are of medians within this run.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.cluster import kmeans_plusplus as sklearn_plusplus
from timing import rounds, seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.geometry.kmeans import UNKNOWN, constrained_kmeans, kmeans_plusplus, lloyd
from ntkcpl.geometry.scaling import scale_embedding

ITERATIONS = 10  # too few for either to converge


def overlapping(n, width, rng):
    """Embeddings of n samples on a curved surface of 10 dimensions, with noise, scaled."""
    x = np.maximum(rng.normal(size=(n, 10)) @ rng.normal(size=(10, width)), 0)
    return scale_embedding(x + 0.3 * rng.normal(size=(n, width)), "l2_centred")


def main():
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--clusters", type=int, default=100)
    parser.add_argument("--labelled", type=int, default=1000)
    parser.add_argument("--classes", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--pool", type=int, default=50_000)
    parser.add_argument("--pool-clusters", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    n, k, rng, lines = arguments.samples, arguments.clusters, np.random.default_rng(0), {}

    x = overlapping(n, arguments.width, rng)
    centres = kmeans_plusplus(x, k, rng)
    unlabelled = np.full(n, UNKNOWN)
    labelled = {}
    for c in arguments.classes:  # labels that are regions of the space, and some that are not
        label = (x @ rng.normal(size=(arguments.width, c)).astype(np.float32)).argmax(axis=1)
        rows = rng.permutation(n)[: arguments.labelled]
        labelled[c] = unlabelled.copy()
        labelled[c][rows] = np.where(rng.random(len(rows)) < 0.9, label[rows], rows % c)

    def ours(classes, constraint):
        return lambda: lloyd(x, centres, classes, constraint, ITERATIONS)

    theirs = KMeans(k, init=centres, n_init=1, algorithm="lloyd", tol=0, max_iter=ITERATIONS)
    works = {"": ours(unlabelled, "none")}
    works |= {f"_c{c}": ours(classes, "cannot_link") for c, classes in labelled.items()}
    times = rounds([*works.values(), lambda: theirs.fit(x)], arguments.repeats)
    *medians, sklearn = np.median(times, axis=1) / ([ITERATIONS] * len(works) + [theirs.n_iter_])
    for name, median in zip(works, medians, strict=True):
        lines[f"iteration_seconds{name}"] = median
        lines[f"iteration_over_sklearn{name}"] = median / sklearn

    (start,), (sklearn,) = rounds(
        [lambda: kmeans_plusplus(x, k, rng), lambda: sklearn_plusplus(x, k, random_state=0)], 1
    )
    lines |= {"start_seconds": start, "start_over_sklearn": start / sklearn}

    x = overlapping(arguments.pool, 128, rng)
    for k in arguments.pool_clusters:
        lines[f"pool_seconds_k{k}"] = seconds(lambda: constrained_kmeans(x, k, rng))  # noqa: B023
    for name, value in lines.items():
        print(f"{name} {value:.4g}")


if __name__ == "__main__":
    main()
