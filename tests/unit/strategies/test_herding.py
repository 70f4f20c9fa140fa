"""MaxHerding and UHerding against plain greedy with the full kernel."""

import numpy as np
import pytest
from heads import constant_head, random_head
from scipy.special import softmax

from ntkcpl.estimate import estimate_accuracy, temperature_of_confidence
from ntkcpl.geometry.herding import TIE_SHARE, Bounds, Coverage
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.strategies import Pool, load


def plain_greedy(embedding, labelled, weight, bandwidth, budget):
    x = scale_embedding(embedding, "l2").astype(np.float64)
    kernel = np.exp(-((x[:, None] - x) ** 2).sum(axis=2) / bandwidth**2)
    covering, chosen = list(labelled), []
    for _ in range(budget):
        covered = kernel[covering].max(axis=0) if covering else np.zeros(len(x))
        gains = np.full(len(x), -np.inf)
        for i in set(range(len(x))) - set(covering):
            gains[i] = (weight * np.maximum(kernel[i] - covered, 0)).sum()
        # The first of those that are equal, up to the rounding of the sums.
        best = int(np.flatnonzero(gains >= gains.max() - 1e-8)[0])
        chosen.append(best)
        covering.append(best)
    return chosen


def embeddings(rng, n=120):
    x = rng.normal(size=(9, 4))[rng.integers(9, size=n)] + rng.normal(size=(n, 4)) / 3
    return {
        "random": x.astype(np.float32),
        "duplicates": x[rng.integers(30, size=n)].astype(np.float32),
        "constant": np.ones((n, 4), np.float32),
    }


@pytest.fixture
def embedding(monkeypatch):
    """Embeddings of several tiles, the first ones twice: float32 knows not that they are equal."""
    monkeypatch.setattr("ntkcpl.geometry.distances.TILE_ROWS", 32)
    monkeypatch.setattr("ntkcpl.geometry.distances.TILE_COLUMNS", 100)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 64))[rng.integers(40, size=300)] + rng.normal(size=(300, 64)) / 9
    x[:30] = x[30:60]
    return scale_embedding(x.astype(np.float32), "l2")


def bound_error(weight, bandwidth):
    """Return by how much a bound may exceed the gain: distances and kernel are of float32."""
    return weight.sum() * 1e-4 + len(weight) * 3e-5 / bandwidth**2


@pytest.mark.parametrize("n_labelled", [0, 3, 60])
@pytest.mark.parametrize("bandwidth", [0.02, 0.3, 1.0, 5.0])
def test_bounds_are_gains_and_little_more(bandwidth, n_labelled, embedding):
    rng = np.random.default_rng(2)
    labelled = rng.permutation(300)[:n_labelled]
    coverage = Coverage(embedding, rng.random(300), bandwidth, labelled)
    gains, bounds = coverage.gains(np.arange(300)), coverage.all_bounds()
    assert (bounds >= gains * (1 - 1e-12)).all()
    assert (bounds <= gains + bound_error(coverage.weight, bandwidth)).all()


@pytest.mark.parametrize("n_labelled", [0, 3, 60])
@pytest.mark.parametrize("bandwidth", [0.02, 0.3, 1.0, 5.0])
def test_lowered_bounds_are_gains_and_little_more(bandwidth, n_labelled, embedding):
    rng = np.random.default_rng(3)
    labelled = rng.permutation(300)[:n_labelled]
    weight = rng.random(300) * (rng.random(300) < 0.8)
    coverage = Coverage(embedding, weight, bandwidth, labelled)
    free = np.setdiff1d(np.arange(300), labelled)
    bounds = Bounds(coverage, free)
    left = np.arange(len(free))
    for addition in range(1, 7):
        best = int(rng.choice(left))
        bounds.add(best)
        assert bounds.value[best] == -np.inf
        left = left[left != best]
        bounds.make_exact(left[::5])
        bounds.lower(rng.permutation(left)[:150])
        gains = coverage.gains(free)
        assert (bounds.value[left] >= gains[left] - weight.sum() * TIE_SHARE / 100).all()
        known = np.setdiff1d(left, bounds.stale(left))
        error = addition * bound_error(weight, bandwidth)
        assert (bounds.value[known] <= gains[known] + error).all()


@pytest.mark.parametrize("kind", ["random", "duplicates", "constant"])
@pytest.mark.parametrize("n_labelled", [0, 15])
@pytest.mark.parametrize("bandwidth", [0.15, 0.4, 1.0, 5.0])
def test_maxherding_chooses_as_plain_greedy(kind, n_labelled, bandwidth):
    rng = np.random.default_rng(n_labelled)
    x = embeddings(rng)[kind]
    labelled = rng.permutation(len(x))[:n_labelled]
    pool = Pool(x, labelled, labelled % 2)
    found = load({"method": "maxherding", "bandwidth": bandwidth}).query(pool, 40, rng).index
    expected = plain_greedy(x, labelled, np.ones(len(x)), bandwidth, 40)
    assert found.tolist() == expected


@pytest.mark.parametrize("kind", ["random", "duplicates", "constant"])
@pytest.mark.parametrize(
    "options", [{}, {"bandwidth": 0.5, "temperature": 3.0}], ids=["default", "options"]
)
def test_uherding_weights_by_the_margin(kind, options):
    rng = np.random.default_rng(0)
    x = embeddings(rng)[kind]
    labelled = rng.permutation(len(x))[:15]
    head = random_head(rng, 4, n_classes=3)
    strategy = load({"method": "uherding"} | options)
    found = strategy.query(Pool(x, labelled, labelled % 3, head=head), 30, rng).index

    logits = head.logits(x)
    p = np.sort(softmax(logits / options.get("temperature", 1), axis=1), axis=1)
    weight = 1 - (p[:, -1] - p[:, -2])
    unit = scale_embedding(x, "l2")[labelled].astype(np.float64)
    distances = [np.linalg.norm(a - b) for a in unit for b in unit]
    smallest = min((d for d in distances if d > 1e-3), default=1)
    bandwidth = options.get("bandwidth", smallest)
    assert found.tolist() == plain_greedy(x, labelled, weight, bandwidth, 30)


def test_uherding_fits_its_temperature_by_the_estimated_accuracy():
    rng = np.random.default_rng(0)
    labelled = rng.permutation(120)[:15]
    pool = Pool(embeddings(rng)["random"], labelled, labelled % 3, random_head(rng, 4, n_classes=3))
    fitted = load({"method": "uherding", "temperature": "fitted"})
    found = fitted.query(pool, 30, np.random.default_rng(1)).index
    accuracy = estimate_accuracy(pool, np.random.default_rng(1))
    temperature = temperature_of_confidence(pool.head.logits(pool.embedding), accuracy)
    assert not 0.5 < temperature < 2
    given = load({"method": "uherding", "temperature": temperature})
    np.testing.assert_array_equal(found, given.query(pool, 30, rng).index)
    assert found.tolist() != load({"method": "uherding"}).query(pool, 30, rng).index.tolist()


def test_uherding_without_a_head_is_maxherding():
    rng = np.random.default_rng(0)
    pool = Pool(embeddings(rng)["random"])
    found = [load({"method": method}).query(pool, 30, rng) for method in ("uherding", "maxherding")]
    np.testing.assert_array_equal(found[0].index, found[1].index)


def test_a_certain_head_leaves_only_ties():
    rng = np.random.default_rng(0)
    x = embeddings(rng)["random"]
    head = constant_head(4, [0, 1e4])
    pool = Pool(x, np.array([1, 2]), np.array([0, 1]), head=head)
    found = load({"method": "uherding"}).query(pool, 3, rng).index
    assert found.tolist() == [0, 3, 4]
