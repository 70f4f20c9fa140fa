"""One round of active learning, seeded: what the workflow's scripts and `Learner` both run.

A draw depends on (experiment, strategy, seed, round) and on what it is for, never on when or where.
"""

import numpy as np
from numpy.typing import NDArray

from ntkcpl import strategies
from ntkcpl.pool import Pool
from ntkcpl.records import Batch, Classifier, Features, Held
from ntkcpl.seeding import Identity
from ntkcpl.strategies.base import Strategy


def known_pool(
    features: Features,
    classifier: Classifier | None = None,
    held: Held | None = None,
    held_out: NDArray[np.int64] | None = None,
) -> Pool:
    """Return what a strategy may know: the last classifier and the labels held.

    These are what people have said, if they were asked, else those of the classifier's images.
    Rows `held_out` are never to be asked for.
    """
    none = np.empty(0, dtype=np.int64)
    head = None if classifier is None else classifier.head
    labelled = none if classifier is None else classifier.labelled
    label, skipped = features.label[labelled], none if held_out is None else held_out
    if held is not None:
        labelled, label = held.labelled, held.label
        skipped = np.concatenate([held.skipped, skipped])
    return Pool(features.embedding, labelled, label, head, skipped=skipped)


def select_batch(strategy: Strategy, pool: Pool, budget: int, identity: Identity) -> Batch:
    """Ask a strategy; those that start at random start from the same images for the same seed.

    While all labels are of one class there is no classifier, and a strategy that needs one chooses
    at random.
    """
    if strategy.needs_classifier and pool.head is None and len(pool.labelled):
        strategy = strategies.load({"method": "random"})
    if strategy.starts_at_random(pool):
        identity = identity._replace(strategy="random")
    return strategy.query(pool, budget, identity.generator("select_batch"))
