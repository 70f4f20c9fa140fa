"""Which images are considered, and that prototypes count for all that they stand for."""

from dataclasses import replace

import numpy as np
import pytest
from heads import random_head

from ntkcpl import strategies
from ntkcpl.candidates import Prototypes, consider, number_considered
from ntkcpl.geometry import prototypes as module
from ntkcpl.geometry.prototypes import find_prototypes
from ntkcpl.strategies import Pool
from ntkcpl.strategies.base import PairwiseStrategy

NTKCPL = {"method": "ntkcpl", "feature": "self"}
PAIRWISE = [
    NTKCPL,
    NTKCPL | {"criterion": "risk", "width": 16},
    {"method": "lookahead"},
    {"method": "lookahead", "criterion": "argmax"},
    {"method": "ev_gp"},
    {"method": "weighted_variance"},
    {"method": "epig", "targets": "all"},
    {"method": "bait"},
    {"method": "bait", "information": "classes"},
    {"method": "maxherding"},
    {"method": "uherding"},
    {"method": "uherding", "temperature": "fitted"},
    {"method": "probcover", "n_clusters": 4},
    {"method": "typiclust"},
    {"method": "coreset", "feature": "self", "scaling": "standardised"},
    {"method": "badge"},
    {"method": "dropquery"},
    {"method": "alfamix"},
]
every = pytest.mark.parametrize("settings", PAIRWISE, ids=str)


def pool_of(x, labelled):
    head = random_head(np.random.default_rng(3), x.shape[1], 3, units=6)
    return Pool(x, labelled, np.arange(len(labelled)) % 3, head)


def ask(settings, pool, budget=5):
    """Ask a strategy, the pool clustered before if it wants that."""
    strategy = strategies.load(settings)
    clustering = strategy.clustering(labels=len(pool.labelled) + budget, first_budget=4)
    if clustering is not None:
        clusters = clustering.cluster(pool, np.random.default_rng(0), n_classes=3)
        pool = replace(pool, clusters=clusters)
    return strategy.query(pool, budget, np.random.default_rng(1)).index


def test_every_method_that_compares_pairs_is_tested():
    kinds = {name: strategies.strategy_class(name) for name in strategies.methods()}
    pairwise = {name for name, kind in kinds.items() if issubclass(kind, PairwiseStrategy)}
    assert {settings["method"] for settings in PAIRWISE} == pairwise


@every
def test_with_a_prototype_for_each_image_the_choices_are_those_of_all(settings):
    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    pool = pool_of(x, np.array([7, 2, 30, 41]))
    expected = ask(settings | {"candidates": "all"}, pool)
    found = ask(settings | {"candidates": {"prototypes": 56}}, pool)
    np.testing.assert_array_equal(found, expected)


# What is drawn differs with the number of rows; TypiClust looks at distances between prototypes.
REPEATED = [
    s for s in PAIRWISE if s["method"] not in ("typiclust", "badge", "dropquery", "alfamix")
]


@pytest.mark.parametrize("settings", REPEATED, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_a_weight_counts_like_so_many_equal_images(settings, seed):
    rng = np.random.default_rng(seed)
    n, labelled = 40, np.array([3, 9, 11, 20])
    x = rng.normal(size=(n, 4)).astype(np.float32)
    weight = rng.integers(1, 6, size=n)
    weight[labelled] = 1
    few = replace(pool_of(x, labelled), weight=weight)
    first = np.cumsum(weight) - weight
    many = pool_of(x.repeat(weight, axis=0), first[labelled])
    strategy = strategies.load(settings | {"candidates": "all"})
    clustering = strategy.clustering(labels=9, first_budget=4)
    if clustering is not None:
        clusters = clustering.cluster(few, np.random.default_rng(0), n_classes=3)
        few = replace(few, clusters=clusters)
        repeated = replace(
            clusters,
            index=np.arange(weight.sum()),
            pseudo_label=clusters.pseudo_label.repeat(weight),
            labelled=first[labelled],
            weight=np.ones(weight.sum(), np.int64),
        )
        many = replace(many, clusters=repeated)
    found = strategy.query(few, 1, np.random.default_rng(2))
    expected = strategy.query(many, 1, np.random.default_rng(2))
    owner = np.arange(n).repeat(weight)
    assert found.index[0] == owner[expected.index[0]]
    if found.estimated_coverage is not None:
        np.testing.assert_allclose(found.estimated_coverage, expected.estimated_coverage)


def slow_typicality(x, weight, i, neighbours):
    """Mean distance of image i to its nearest others, each prototype unrolled."""
    distances = [
        distance
        for j in range(len(x))
        if j != i
        for distance in [np.linalg.norm(x[i] - x[j])] * weight[j]
    ]
    return np.mean(sorted(distances)[:neighbours])


def test_typicality_unrolls_the_other_prototypes():
    from ntkcpl.geometry.distances import Points
    from ntkcpl.strategies.typiclust import _mean_distance

    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(30, 3)).astype(np.float32), rng.integers(1, 9, size=30)
    x[4] = x[5]
    unit = np.sqrt(Points(x).squared_norm.max()) / np.linalg.norm(x, axis=1).max()
    expected = [slow_typicality(x.astype(np.float64), weight, i, 20) for i in range(30)]
    np.testing.assert_allclose(_mean_distance(x, 20, weight) / unit, expected, rtol=1e-6)


def test_badge_draws_a_prototype_as_often_as_what_it_stands_for():
    from ntkcpl.strategies.badge import seed_by_gradient

    probability = np.full((3, 2), 0.5)
    hidden, weight = np.array([[4.0, 0], [0, 1], [0, -1]]), np.array([1, 9, 1])
    rng = np.random.default_rng(0)
    drawn = [seed_by_gradient(probability, hidden, 2, rng, weight)[1] for _ in range(400)]
    assert 0.85 < np.mean(np.array(drawn) == 1) < 0.95


@pytest.mark.parametrize("kind", ["random", "duplicates", "constant"])
@pytest.mark.parametrize("number", [1, 2, 7, 50, 299, 300])
def test_prototypes_are_distinct_and_stand_for_every_image_once(kind, number, monkeypatch):
    monkeypatch.setattr(module, "SAMPLES_PER_CENTRE", 4)
    monkeypatch.setattr(module, "BLOCK", 32)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6)).astype(np.float16)
    x = {"random": x, "duplicates": x[rng.integers(9, size=400)], "constant": x * 0}[kind]
    rows = np.sort(rng.permutation(400)[:300])
    found, weight = find_prototypes(x, rows, number, np.random.default_rng(1))
    assert len(found) == number and (np.diff(found) > 0).all()
    assert np.isin(found, rows).all()
    assert weight.min() >= 1 and weight.sum() == 300


def test_a_prototype_is_the_image_nearest_to_the_mean_of_its_cell():
    centres = 100 * np.random.default_rng(0).normal(size=(9, 5))
    cell = np.random.default_rng(1).integers(9, size=500)
    x = (centres[cell] + np.random.default_rng(2).normal(size=(500, 5))).astype(np.float32)
    expected = []
    for c in range(9):
        members = np.flatnonzero(cell == c)
        gap = np.linalg.norm(x[members] - x[members].mean(axis=0), axis=1)
        expected.append((members[gap.argmin()], len(members)))
    found, weight = find_prototypes(x, np.arange(500), 9, np.random.default_rng(5))
    assert list(zip(found, weight, strict=True)) == sorted(expected)


def test_many_prototypes_are_nearly_as_close_as_those_of_plain_k_means():
    from sklearn.cluster import MiniBatchKMeans

    x = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    found, _ = find_prototypes(x, np.arange(3000), 200, np.random.default_rng(0))
    plain = MiniBatchKMeans(200, n_init=1, random_state=0).fit(x).cluster_centers_
    near = [((x[:, None] - some) ** 2).sum(axis=2).min(axis=1).mean() for some in (x[found], plain)]
    drawn = x[np.random.default_rng(0).permutation(3000)[:200]]
    of_random = ((x[:, None] - drawn) ** 2).sum(axis=2).min(axis=1).mean()
    # Centres are nearer than any image can be.
    assert near[0] < 1.6 * near[1] and near[0] < 0.9 * of_random


@pytest.mark.parametrize(
    ("candidates", "number"), [("all", 20), (6, 10), (50, 20), (Prototypes(prototypes=5), 9)]
)
def test_labelled_images_are_always_considered(candidates, number):
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    pool = pool_of(x, np.array([17, 0, 5, 6]))
    part, index = consider(pool, candidates, np.random.default_rng(0))
    assert len(index) == number == number_considered(candidates, 20, labels=4)
    assert index[part.labelled].tolist() == [17, 0, 5, 6]
    np.testing.assert_array_equal(part.embedding, x[index])
    if isinstance(candidates, Prototypes):
        assert part.weight.sum() == 20 and (part.weight[part.labelled] == 1).all()


@every
def test_prototypes_of_a_larger_pool(settings):
    x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    pool = pool_of(x, np.array([7, 2, 30, 41]))
    chosen = ask(settings | {"candidates": {"prototypes": 40}}, pool)
    assert len(set(chosen)) == 5 and not set(chosen) & {7, 2, 30, 41}
    with pytest.raises(ValueError, match="4 candidates are fewer than the budget, 5"):
        ask(settings | {"candidates": {"prototypes": 4}}, pool)
