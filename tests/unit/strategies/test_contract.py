"""What every strategy keeps, whatever it chooses."""

import re
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from heads import random_head
from numba import get_num_threads, set_num_threads
from numba.core.config import NUMBA_NUM_THREADS
from threadpoolctl import threadpool_limits

from ntkcpl import strategies
from ntkcpl.strategies import Pool

SETTINGS = [
    {"method": "random"},
    {"method": "entropy"},
    {"method": "margin"},
    {"method": "coreset", "feature": "self"},
    {"method": "coreset", "feature": "al"},
    {"method": "badge"},
    {"method": "badge_partition", "parts": 4},
    {"method": "probcover"},
    {"method": "typiclust"},
    {"method": "ntkcpl", "feature": "self"},
    {"method": "ntkcpl", "feature": "al"},
    {"method": "ntkcpl", "feature": "self", "candidates": 15, "constraint": "must_link"},
    {"method": "lookahead"},
    {"method": "lookahead", "criterion": "argmax", "candidates": 15},
    {"method": "ev_gp"},
    {"method": "bait"},
    {"method": "bait", "feature": "al", "scaling": "l2_centred"},
    {"method": "bait", "information": "classes"},
    {"method": "epig"},
    {"method": "epig", "width": 16, "targets": 7},
    {"method": "falcun"},
    {"method": "refine", "passes": 2, "draws": 2, "subset": 20},
    {"method": "tcm"},
    {"method": "tcm", "typiclust_until": 2},
    {"method": "weighted_variance"},
    {"method": "weighted_variance", "start": "variance", "weight": "margin", "candidates": 15},
    {"method": "weighted_variance", "covariance": "linear", "noise": "equal"},
    {"method": "weighted_variance", "covariance": {"landmarks": 16}},
    {"method": "maxherding"},
    {"method": "uherding"},
    {"method": "uherding", "temperature": "fitted"},
    {"method": "dropquery"},
    {"method": "bald"},
    {"method": "alfamix"},
]
EVERY = pytest.mark.parametrize("settings", SETTINGS, ids=str)
N, N_CLASSES = 40, 3


def test_every_method_is_tested():
    assert {settings["method"] for settings in SETTINGS} == set(strategies.methods())


def head_for(width, favourite=None):
    """A head with random weights, which is sure of the class `favourite` if one is named."""
    head = random_head(np.random.default_rng(3), width, N_CLASSES, units=6)
    if favourite is not None:
        head.readout_bias[favourite] = 1e4  # the other classes' probability is zero
    return head


def pool_for(strategy, embedding, labelled, budget, label=None, favourite=None, skipped=()):
    """A pool as the workflow would present it, the clusters made as the strategy asks."""
    labelled = np.asarray(labelled, dtype=np.int64)
    label = labelled % N_CLASSES if label is None else label
    head = head_for(embedding.shape[1], favourite) if len(labelled) else None
    skipped = np.asarray(skipped, dtype=np.int64)
    pool = Pool(embedding, labelled, label, head, skipped=skipped)
    first_budget = 4 if len(labelled) else budget
    clustering = strategy.clustering(len(labelled) + budget, first_budget)
    if clustering is not None:
        clusters = clustering.cluster(pool, np.random.default_rng(0), n_classes=N_CLASSES)
        pool = replace(pool, clusters=clusters)
    return pool


def contents(value):
    """All arrays of a record, however deep, by name."""
    if isinstance(value, np.ndarray):
        return {"": value.copy()}
    parts = {}
    if is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
    elif isinstance(value, dict):
        parts = value
    return {
        f"{name}.{inner}": array
        for name, part in parts.items()
        for inner, array in contents(part).items()
    }


def check(strategy, pool, budget):
    """Ask twice, and compare the answers with what a strategy promises; return the batch."""
    before = contents(pool)
    first = strategy.query(pool, budget, np.random.default_rng(2))
    again = strategy.query(pool, budget, np.random.default_rng(2))
    assert first.index.shape == (budget,)
    assert first.index.dtype == np.int64
    assert len(np.unique(first.index)) == budget
    assert not set(first.index) & set(pool.labelled)
    assert set(first.index) <= set(range(len(pool.embedding)))
    np.testing.assert_array_equal(first.index, again.index)
    if first.estimated_coverage is not None:
        assert first.estimated_coverage.shape == (budget,)
        assert ((first.estimated_coverage >= 0) & (first.estimated_coverage <= 1)).all()
        np.testing.assert_array_equal(first.estimated_coverage, again.estimated_coverage)
    if first.seconds is not None:
        assert first.seconds.shape == (budget,)
        assert (np.diff([0, *first.seconds]) >= 0).all()
    after = contents(pool)
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)
    return first


def embeddings():
    x = np.random.default_rng(0).normal(size=(N, 5)).astype(np.float32)
    return {
        "random": x,
        "duplicates": x[np.random.default_rng(0).integers(5, size=N)],
        "constant": np.ones_like(x),
        "zero": np.zeros_like(x),
        "float16": x.astype(np.float16),
    }


@EVERY
@pytest.mark.parametrize("kind", embeddings())
@pytest.mark.parametrize(("n_labelled", "budget"), [(0, 6), (6, 5), (30, 10), (39, 1)])
def test_distinct_unlabelled_indices_the_same_each_time(settings, kind, n_labelled, budget):
    strategy = strategies.load(settings)
    labelled = np.random.default_rng(1).permutation(N)[:n_labelled]
    check(strategy, pool_for(strategy, embeddings()[kind], labelled, budget), budget)


@EVERY
def test_one_class_so_far_and_others_of_probability_zero(settings):
    strategy = strategies.load(settings)
    one_class = np.zeros(8, dtype=np.int64)
    pool = pool_for(strategy, embeddings()["random"], np.arange(8), 4, one_class, favourite=0)
    check(strategy, pool, 4)


@EVERY
def test_skipped_images_are_as_if_they_were_not_there(settings):
    strategy = strategies.load(settings)
    x, labelled, skipped = embeddings()["random"], np.array([7, 2, 30]), np.array([39, 0, 12, 13])
    kept = np.setdiff1d(np.arange(N), skipped)
    places, label = np.searchsorted(kept, labelled), labelled % N_CLASSES
    without = check(strategy, pool_for(strategy, x[kept], places, 9, label), 9)
    found = check(strategy, pool_for(strategy, x, labelled, 9, label, skipped=skipped), 9)
    np.testing.assert_array_equal(found.index, kept[without.index])


@EVERY
def test_a_pool_of_one(settings):
    strategy = strategies.load(settings)
    pool = pool_for(strategy, np.ones((1, 3), np.float32), [], 1)
    assert check(strategy, pool, 1).index.tolist() == [0]


@EVERY
def test_the_number_of_threads_decides_nothing(settings):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(12, 48)).repeat(60, axis=0) + rng.normal(size=(720, 48))
    labelled = rng.permutation(720)[:40]
    strategy = strategies.load(settings)
    if "candidates" in settings:
        strategy = strategy.model_copy(update={"candidates": 500})
    chosen = []
    before = get_num_threads()
    for number in (1, min(2, NUMBA_NUM_THREADS)):  # of BLAS and OpenMP, and of numba
        set_num_threads(number)
        with threadpool_limits(number):
            pool = pool_for(strategy, x.astype(np.float32), labelled, 20)
            chosen.append(check(strategy, pool, 20).index)
    set_num_threads(before)
    np.testing.assert_array_equal(*chosen)


@EVERY
def test_a_strategy_says_what_it_needs(settings):
    strategy = strategies.load(settings)
    some = np.array([1, 3])
    embedding = np.random.default_rng(0).normal(size=(9, 2))
    if strategy.needs_classifier:
        with pytest.raises(ValueError, match=f"{strategy.method} needs the classifier"):
            strategy.query(Pool(embedding, some, some), 1, np.random.default_rng(0))
    unclustered = Pool(embedding)
    if strategy.needs_classifier:
        unclustered = Pool(embedding, some, some, head_for(2))
    if strategy.lacks_clusters(unclustered):
        with pytest.raises(ValueError, match=f"{strategy.method} needs the clusters"):
            strategy.query(unclustered, 1, np.random.default_rng(0))
    elif not strategy.needs_classifier:
        check(strategy, unclustered, 1)


@EVERY
@pytest.mark.parametrize("budget", [-1, 0, 8, 400])
def test_a_budget_that_cannot_be_met_is_refused(settings, budget):
    strategy = strategies.load(settings)
    pool = pool_for(strategy, np.random.default_rng(0).normal(size=(9, 2)), [1, 3], 1)
    with pytest.raises(ValueError, match=f"the budget is {budget}, expected 1 to the 7 unlabelled"):
        strategy.query(pool, budget, np.random.default_rng(0))


@EVERY
def test_it_says_what_it_is(settings):
    about = strategies.strategy_class(settings["method"]).about
    assert all(about)
    if settings["method"] != "random":
        assert re.search(r"\d{4}", about.paper)
        assert (about.relevance, about.diversity) != ("–", "–")


def test_a_method_that_is_none():
    with pytest.raises(ValueError, match="there is no method 'entropi'; the methods are alfamix, "):
        strategies.load({"method": "entropi"})
    with pytest.raises(ValueError, match="there is no method None"):
        strategies.load({"candidates": 7})
