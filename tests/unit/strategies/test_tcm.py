"""TCM is TypiClust for the first batches, then Margin."""

from dataclasses import replace

import numpy as np
import pytest
from heads import random_head

from ntkcpl.strategies import Pool, load


def asked(strategy, pool, labels, first_budget, budget=5):
    """Cluster as the strategy asks, and query it."""
    clustering = strategy.clustering(labels, first_budget)
    if clustering is not None:
        pool = replace(pool, clusters=clustering.cluster(pool, np.random.default_rng(0)))
    return strategy.query(pool, budget, np.random.default_rng(1)).index


@pytest.mark.parametrize(("labels", "now"), [(15, "typiclust"), (30, "typiclust"), (31, "margin")])
def test_typiclust_for_three_first_budgets_then_margin(labels, now):
    rng = np.random.default_rng(2)
    labelled = rng.permutation(80)[:10]
    pool = Pool(rng.normal(size=(80, 4)), labelled, labelled % 4, random_head(rng, 4))
    found = asked(load({"method": "tcm"}), pool, labels, first_budget=10)
    expected = asked(load({"method": now}), pool, labels, first_budget=10)
    np.testing.assert_array_equal(found, expected)


def test_it_chooses_at_random_while_all_labels_are_of_one_class():
    pool = Pool(np.random.default_rng(0).normal(size=(30, 3)), np.arange(9), np.zeros(9, dtype=int))
    batches = [
        load({"method": method}).query(pool, 5, np.random.default_rng(3)).index
        for method in ("tcm", "random")
    ]
    np.testing.assert_array_equal(*batches)


def test_the_first_batch_needs_clusters():
    with pytest.raises(ValueError, match="tcm needs the clusters"):
        load({"method": "tcm"}).query(Pool(np.ones((5, 2))), 2, np.random.default_rng(0))
