"""What every strategy keeps, whatever it chooses."""

import numpy as np
import pytest

from ntkcpl import strategies
from ntkcpl.strategies import Pool

SETTINGS = [
    {"method": "random"},
    {"method": "entropy"},
    {"method": "typiclust"},
    {"method": "ntkcpl", "feature": "self"},
    {"method": "ntkcpl", "feature": "al"},
    {"method": "ntkcpl", "feature": "self", "candidates": 12, "constraint": "must_link"},
]


def test_every_method_is_tested():
    assert {settings["method"] for settings in SETTINGS} == set(strategies.methods())


def pool_for(strategy, embedding, labelled, budget, seed=0, n_classes=3):
    """A pool as the workflow would present it, the clusters made as the strategy asks."""
    rng = np.random.default_rng(seed)
    n = len(embedding)
    labelled = np.asarray(labelled, dtype=np.int64)
    label = labelled % n_classes
    known = {}
    if len(labelled):
        logits = rng.normal(size=(n, n_classes))
        probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        known["probability"] = probability.astype(np.float16)
        known["hidden"] = np.maximum(rng.normal(size=(n, 4)), 0).astype(np.float16)
    clustering = strategy.clustering(labels=len(labelled) + budget, first_budget=4)
    if clustering is not None:
        al = clustering.feature == "al" and "hidden" in known
        known["clusters"] = clustering.cluster(
            known["hidden"] if al else embedding,
            labelled,
            label,
            known["probability"].argmax(axis=1) if known else None,
            rng,
        )
    return Pool(embedding, labelled, label, **known)


def embeddings():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5)).astype(np.float32)
    return {
        "random": x,
        "duplicates": x[rng.integers(5, size=40)],
        "constant": np.ones_like(x),
        "float16": x.astype(np.float16),
    }


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", embeddings())
@pytest.mark.parametrize(("n_labelled", "budget"), [(0, 6), (6, 5), (30, 10), (39, 1)])
def test_distinct_unlabelled_indices_the_same_each_time(settings, kind, n_labelled, budget):
    strategy = strategies.load(settings)
    if strategy.random_start and n_labelled == 0:
        budget_settings = {"method": "random"}  # what the workflow then asks
        strategy = strategies.load(budget_settings)
    labelled = np.random.default_rng(1).permutation(40)[:n_labelled]
    pool = pool_for(strategy, embeddings()[kind], labelled, budget)
    if pool.clusters is not None and len(pool.clusters.index) - n_labelled < budget:
        pytest.skip("the strategy considers fewer candidates than the budget")
    before = {name: np.copy(value) for name, value in vars(pool).items() if name != "clusters"}
    first = strategy.query(pool, budget, np.random.default_rng(2))
    again = strategy.query(pool, budget, np.random.default_rng(2))

    assert first.index.shape == (budget,)
    assert first.index.dtype == np.int64
    assert len(np.unique(first.index)) == budget
    assert not set(first.index) & set(labelled)
    assert set(first.index) <= set(range(40))
    np.testing.assert_array_equal(first.index, again.index)
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(pool, name), value)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_pool_of_one(settings):
    strategy = strategies.load(settings)
    if strategy.random_start:
        strategy = strategies.load({"method": "random"})
    pool = pool_for(strategy, np.ones((1, 3), np.float32), [], 1)
    assert strategy.query(pool, 1, np.random.default_rng(0)).index.tolist() == [0]


@pytest.mark.parametrize("method", ["entropy", "typiclust", "ntkcpl"])
def test_a_strategy_says_what_it_needs(method):
    feature = {"feature": "self"} if method == "ntkcpl" else {}
    none = np.empty(0, dtype=np.int64)
    pool = Pool(np.ones((5, 2), np.float32), none, none)
    with pytest.raises(ValueError, match=f"{method} needs"):
        strategies.load({"method": method} | feature).query(pool, 1, np.random.default_rng(0))
