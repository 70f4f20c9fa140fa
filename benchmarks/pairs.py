"""Time the strategies that compare all pairs against the matrix products that they contain.

    .venv/bin/python benchmarks/pairs.py [--samples 20000] [--width 512] [--labels 1000]
                                         [--budget 100]

The products are those of all pairs, block by block, by NumPy in float32. TypiClust is timed against
scikit-learn's k-means (one start, its default) with as many clusters as TypiClust makes, which is
all but the counting of neighbours. All take turns. The last lines are `name value`, a line each;
times are in seconds, and ratios are of medians within this run.
"""

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from timing import rounds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl import strategies
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.head import Head
from ntkcpl.strategies import Pool

CLASSES, UNITS, BLOCK = 10, 64, 1024


def some_pool(n, width, labels, rng):
    """Return embeddings around a hundred centres, some of them labelled, and a random head."""
    centres = rng.standard_normal((100, width), dtype=np.float32)
    x = centres[rng.integers(100, size=n)] + rng.standard_normal((n, width), dtype=np.float32)
    head = Head(
        weight=rng.standard_normal((UNITS, width), dtype=np.float32) / 20,
        bias=np.zeros(UNITS, np.float32),
        readout=rng.standard_normal((CLASSES, UNITS), dtype=np.float32) / 10,
        readout_bias=np.zeros(CLASSES, np.float32),
    )
    return Pool(x, rng.permutation(n)[:labels], np.arange(labels) % CLASSES, head)


def multiply(x):
    """Compute the products of all pairs, and keep none."""
    for start in range(0, len(x), BLOCK):
        x[start : start + BLOCK] @ x.T


def main():
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--labels", type=int, default=1000)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    pool = some_pool(asked.samples, asked.width, asked.labels, np.random.default_rng(0))
    x = scale_embedding(pool.embedding, "l2")

    def prepare(method, **parameters):
        """Return what clusters the pool for a strategy, and what asks it then."""
        strategy = strategies.load({"method": method, **parameters})
        clustering = strategy.clustering(asked.labels + asked.budget, asked.labels)

        def cluster():
            if clustering is None:
                return pool
            clusters = clustering.cluster(pool, np.random.default_rng(0), n_classes=CLASSES)
            return replace(pool, clusters=clusters)

        return cluster, lambda known: strategy.query(known, asked.budget, np.random.default_rng(0))

    works = {}
    for method in ("maxherding", "uherding", "probcover"):
        cluster, query = prepare(method, candidates="all")
        works[method] = partial(query, cluster())
    cluster, query = prepare("typiclust")
    k = cluster().clusters.n_clusters
    works |= {
        "products": lambda: multiply(x),
        "typiclust": lambda: query(cluster()),
        "sklearn": lambda: KMeans(k, n_init=1, random_state=0).fit(x),
    }
    times = np.median(rounds(works.values(), asked.repeats), axis=1)
    seconds = dict(zip(works, times, strict=True))
    for name in ("maxherding", "uherding", "probcover"):
        print(f"{name}_seconds {seconds[name]:.4g}")
        print(f"{name}_over_products {seconds[name] / seconds['products']:.4g}")
    print(f"typiclust_seconds {seconds['typiclust']:.4g}")
    print(f"typiclust_over_sklearn {seconds['typiclust'] / seconds['sklearn']:.4g}")


if __name__ == "__main__":
    main()
