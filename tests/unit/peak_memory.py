"""Prints the peak memory of a query or a clustering, in bytes beside the embedding.

    PYTHONPATH=scripts python tests/unit/peak_memory.py '{"method": "entropy"}' query

It runs in a process of its own: what one query has freed, the next takes without a trace.
"""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from ntkcpl import strategies
from ntkcpl.head import Head
from ntkcpl.pool import Pool
from ntkcpl.records import Clusters

IMAGES, WIDTH, LABELS, CLASSES, CLUSTERS, BATCH = 6_000, 512, 200, 10, 100, 20


def pool_of(images: int, labels: int, considered: int) -> Pool:
    """Return a pool, with clusters of those considered, and a head as wide as the embedding."""
    rng = np.random.default_rng(0)
    labelled = rng.choice(images, labels, replace=False)
    head = Head(
        rng.normal(size=(WIDTH, WIDTH)).astype(np.float32),
        np.zeros(WIDTH, np.float32),
        rng.normal(size=(CLASSES, WIDTH)).astype(np.float32),
        np.zeros(CLASSES, np.float32),
    )
    free = np.setdiff1d(np.arange(images), labelled)[:considered]
    index = np.sort(np.concatenate([labelled, free]))
    clusters = Clusters(
        index, np.arange(len(index)) % CLUSTERS, labelled, np.full(CLUSTERS, -1), {}
    )
    embedding = rng.standard_normal((images, WIDTH), dtype=np.float32)
    return Pool(embedding, labelled, np.arange(labels) % CLASSES, head, clusters)


def work(strategy: strategies.Strategy, part: str, pool: Pool) -> None:
    """Query or cluster."""
    rng = np.random.default_rng(1)
    if part == "query":
        held = len(pool.labelled)
        if strategy.clustering(held + BATCH, first_budget=held) is None:
            pool = replace(pool, clusters=None)
        strategy.query(pool, BATCH, rng)
    else:
        strategy.clustering(len(pool.labelled) + BATCH, BATCH).cluster(pool, rng, CLASSES)


def resident(kind: str) -> int:
    """Return this process's resident memory (RSS), or its peak (HWM), in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"^Vm{kind}:\s+(\d+) kB", status, re.M)[1])


def main() -> None:
    """Measure what the arguments say."""
    strategy = strategies.load(json.loads(sys.argv[1]))
    candidates = getattr(strategy, "candidates", "all")
    considered = IMAGES if candidates == "all" else candidates
    work(strategy, sys.argv[2], pool_of(400, 50, 400))  # imports, and compiles or loads the loops
    pool = pool_of(IMAGES, LABELS, considered)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is from here on
    before = resident("RSS")
    work(strategy, sys.argv[2], pool)
    print(resident("HWM") - before)


if __name__ == "__main__":
    main()
