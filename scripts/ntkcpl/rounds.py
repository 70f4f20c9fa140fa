"""One round of active learning, seeded: what the workflow's scripts and `Learner` both run.

A draw depends on (experiment, strategy, seed, round) and on what it is for, never on when or where.
"""

from typing import NamedTuple

import numpy as np

from ntkcpl.records import Batch, Pool
from ntkcpl.seeding import numpy_generator
from ntkcpl.strategies.base import Strategy


class Identity(NamedTuple):
    """Names a round of a run."""

    experiment: str
    strategy: str
    seed: int
    round: int

    def generator(self, purpose: str) -> np.random.Generator:
        """Return the generator of what is drawn in this round for a purpose."""
        return numpy_generator(*self, purpose)


def select_batch(strategy: Strategy, pool: Pool, budget: int, identity: Identity) -> Batch:
    """Ask a strategy; those that start at random start from the same images for the same seed."""
    if strategy.starts_at_random(pool):
        identity = identity._replace(strategy="random")
    return strategy.query(pool, budget, identity.generator("select_batch"))
