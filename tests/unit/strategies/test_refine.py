"""Refine against a loop that hides images from the strategies one pass after the other."""

from dataclasses import replace

import numpy as np
from heads import random_head
from threadpoolctl import threadpool_limits

from ntkcpl.strategies import Pool, load
from ntkcpl.strategies.refine import ENSEMBLE


def example(n=120, n_labelled=12):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 5))[rng.integers(8, size=n)] + rng.normal(size=(n, 5)) / 2
    labelled = rng.permutation(n)[:n_labelled]
    pool = Pool(x.astype(np.float32), labelled, labelled % 4, random_head(rng, 5, scale=0.3))
    clustering = load({"method": "refine"}).clustering(n_labelled + 6, 4)
    return replace(pool, clusters=clustering.cluster(pool, np.random.default_rng(1)))


def only(pool, shown):
    """The pool with all other unlabelled images skipped."""
    hidden = np.setdiff1d(pool.unlabelled, shown)
    seen = ~np.isin(pool.clusters.index, hidden)
    clusters = replace(
        pool.clusters,
        index=pool.clusters.index[seen],
        pseudo_label=pool.clusters.pseudo_label[seen],
        weight=pool.clusters.weight[seen],
    )
    return replace(pool, clusters=clusters, skipped=hidden)


def slow_refine(pool, budget, passes, draws, subset, share, rng):
    left, size = pool.unlabelled, subset
    for _ in range(passes):
        union = set()
        streams = iter(rng.spawn(len(ENSEMBLE) * draws))
        for member in ENSEMBLE:
            for _ in range(draws):
                own = next(streams)
                shown = own.choice(left, min(max(size, budget), len(left)), replace=False)
                union |= set(member.query(only(pool, shown), budget, own).index.tolist())
        left = np.array(sorted(union))
        size = int(share * len(left))
    final = load({"method": "uherding"}).query(only(pool, left), budget, rng).index
    return left, final


def test_choices_are_those_of_the_loop():
    pool, options = example(), {"passes": 2, "draws": 2, "subset": 40, "share": 0.5}
    found = load({"method": "refine"} | options).query(pool, 6, np.random.default_rng(5)).index
    left, expected = slow_refine(pool, 6, rng=np.random.default_rng(5), **options)
    np.testing.assert_array_equal(found, expected)
    assert 6 < len(left) < len(pool.unlabelled)


def test_choices_do_not_depend_on_the_number_of_threads():
    pool, strategy = example(), load({"method": "refine", "passes": 2, "subset": 40})
    found = []
    for threads in (1, 3):
        with threadpool_limits(threads, "blas"):
            found.append(strategy.query(pool, 6, np.random.default_rng(5)).index)
    np.testing.assert_array_equal(*found)


def test_a_blas_that_threadpoolctl_does_not_know_is_one_thread(monkeypatch):
    pool, strategy = example(), load({"method": "refine", "passes": 1, "subset": 40})
    expected = strategy.query(pool, 6, np.random.default_rng(5)).index
    monkeypatch.setattr("threadpoolctl.threadpool_info", list)
    found = strategy.query(pool, 6, np.random.default_rng(5)).index
    np.testing.assert_array_equal(found, expected)


def test_without_a_classifier_the_batch_is_random_and_nothing_is_clustered():
    strategy = load({"method": "refine"})
    assert strategy.clustering(labels=10, first_budget=10) is None
    pool = Pool(np.random.default_rng(0).normal(size=(50, 4)))
    batches = [
        one.query(pool, 9, np.random.default_rng(5)).index
        for one in (strategy, load({"method": "random"}))
    ]
    np.testing.assert_array_equal(*batches)
