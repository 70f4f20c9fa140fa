"""What every strategy keeps, whatever it chooses."""

import numpy as np
import pytest
from numba import get_num_threads, set_num_threads
from threadpoolctl import threadpool_limits

from ntkcpl import strategies
from ntkcpl.head import Head
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
    {"method": "ntkcpl", "feature": "self", "candidates": 12, "constraint": "must_link"},
    {"method": "lookahead"},
    {"method": "lookahead", "criterion": "argmax", "candidates": 12},
    {"method": "maxherding"},
    {"method": "uherding"},
    {"method": "dropquery"},
    {"method": "bald"},
    {"method": "alfamix"},
]
EVERY = pytest.mark.parametrize("settings", SETTINGS, ids=str)
N, N_CLASSES = 40, 3


def test_every_method_is_tested():
    assert {settings["method"] for settings in SETTINGS} == set(strategies.methods())


def random_head(width, favourite=None):
    """A head with random weights, which is sure of the class `favourite` if one is named."""
    rng = np.random.default_rng(3)
    bias = np.zeros(N_CLASSES, np.float32)
    if favourite is not None:
        bias[favourite] = 1e4  # the other classes' probability is zero
    return Head(
        weight=rng.normal(size=(6, width)).astype(np.float32),
        bias=rng.normal(size=6).astype(np.float32),
        readout=rng.normal(size=(N_CLASSES, 6)).astype(np.float32),
        readout_bias=bias,
    )


def pool_for(strategy, embedding, labelled, budget, label=None, favourite=None):
    """A pool as the workflow would present it, the clusters made as the strategy asks."""
    labelled = np.asarray(labelled, dtype=np.int64)
    label = labelled % N_CLASSES if label is None else label
    known = {}
    if len(labelled):
        head = random_head(embedding.shape[1], favourite)
        known["head"] = head
        if strategy.reads_hidden:
            known["hidden"] = head.hidden(embedding).astype(np.float16)
        known["probability"] = head.probability(embedding).astype(np.float16)
    clustering = strategy.clustering(labels=len(labelled) + budget, first_budget=4)
    if clustering is not None:
        al = clustering.feature == "al" and "hidden" in known
        known["clusters"] = clustering.cluster(
            known["hidden"] if al else embedding,
            labelled,
            label,
            known["probability"].argmax(axis=1) if known else None,
            np.random.default_rng(0),
            n_classes=N_CLASSES,
        )
    return Pool(embedding, labelled, label, **known)


def asked(settings, n_labelled):
    """The strategy that the workflow asks: Random for a first batch that is to be random."""
    strategy = strategies.load(settings)
    starts = strategy.random_start and n_labelled == 0
    return strategies.load({"method": "random"}) if starts else strategy


def check(strategy, pool, budget):
    """Ask twice, and compare the answers with what a strategy promises; return the batch."""
    considered = len(pool.embedding) if pool.clusters is None else len(pool.clusters.index)
    if considered - len(pool.labelled) < budget:
        pytest.skip("the strategy considers fewer candidates than the budget")
    before = {name: np.copy(value) for name, value in vars(pool).items() if name != "clusters"}
    first = strategy.query(pool, budget, np.random.default_rng(2))
    again = strategy.query(pool, budget, np.random.default_rng(2))
    assert first.index.shape == (budget,)
    assert first.index.dtype == np.int64
    assert len(np.unique(first.index)) == budget
    assert not set(first.index) & set(pool.labelled)
    assert set(first.index) <= set(range(len(pool.embedding)))
    np.testing.assert_array_equal(first.index, again.index)
    for name, value in before.items():
        if name != "head":
            np.testing.assert_array_equal(getattr(pool, name), value)
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
    strategy = asked(settings, n_labelled)
    labelled = np.random.default_rng(1).permutation(N)[:n_labelled]
    check(strategy, pool_for(strategy, embeddings()[kind], labelled, budget), budget)


@EVERY
def test_one_class_so_far_and_others_of_probability_zero(settings):
    strategy = asked(settings, 8)
    one_class = np.zeros(8, dtype=np.int64)
    pool = pool_for(strategy, embeddings()["random"], np.arange(8), 4, one_class, favourite=0)
    check(strategy, pool, 4)


@EVERY
def test_a_pool_of_one(settings):
    strategy = asked(settings, 0)
    pool = pool_for(strategy, np.ones((1, 3), np.float32), [], 1)
    assert check(strategy, pool, 1).index.tolist() == [0]


@EVERY
def test_the_number_of_threads_decides_nothing(settings):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(12, 48)).repeat(60, axis=0) + rng.normal(size=(720, 48))
    labelled = rng.permutation(720)[:40]
    strategy = asked(settings | {"candidates": 500} if "candidates" in settings else settings, 40)
    chosen = []
    before = get_num_threads()
    for number in (1, min(2, before)):  # of BLAS and OpenMP, and of numba
        set_num_threads(number)
        with threadpool_limits(number):
            pool = pool_for(strategy, x.astype(np.float32), labelled, 20)
            chosen.append(check(strategy, pool, 20).index)
    set_num_threads(before)
    np.testing.assert_array_equal(*chosen)


def test_an_embedding_that_is_not_finite_is_refused():
    embedding = np.ones((5, 2), np.float16)
    embedding[3, 1] = np.nan
    none = np.empty(0, dtype=np.int64)
    with pytest.raises(ValueError, match="row 3 of the embedding is not finite"):
        Pool(embedding, none, none)


@EVERY
def test_a_strategy_says_what_it_needs(settings):
    strategy = strategies.load(settings)
    none = np.empty(0, dtype=np.int64)
    pool = Pool(np.ones((5, 2), np.float32), none, none)
    if asked(settings, 0).clustering(labels=1, first_budget=1) is None and (
        not strategy.random_start or strategy.method == "random"
    ):
        check(strategy, pool, 1)
        return
    with pytest.raises(ValueError, match=f"{strategy.method} needs"):
        strategy.query(pool, 1, np.random.default_rng(0))
