"""FALCUN against a slow loop that follows its paper."""

import numpy as np
import pytest
from heads import constant_head, random_head

from ntkcpl.strategies import Pool, load


def slow_falcun(p, budget, gamma, rng):
    """Draw rows of p, one after the other."""
    left, chosen = list(range(len(p))), []
    for _ in range(budget):
        uncertainty, distance = {}, {}
        for i in left:
            first, second = sorted(p[i], reverse=True)[:2]
            uncertainty[i] = 1 - (first - second)
            nearest = [sum(abs(a - b) for a, b in zip(p[i], p[j], strict=True)) for j in chosen]
            distance[i] = min([uncertainty[i], *nearest])
        least, most = min(distance.values()), max(distance.values())
        relevance = [
            uncertainty[i] + ((distance[i] - least) / (most - least) if most > least else 0)
            for i in left
        ]
        weights = np.array(relevance) ** gamma
        place = rng.choice(len(left), p=weights / weights.sum())
        chosen.append(left.pop(place))
    return chosen


@pytest.mark.parametrize("kind", ["random", "duplicates"])
@pytest.mark.parametrize("gamma", [0.0, 1.0, 10.0])
def test_draws_are_those_of_the_slow_loop(kind, gamma):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5)).astype(np.float32)
    if kind == "duplicates":
        x = x[rng.integers(8, size=40)]
    labelled = rng.permutation(40)[:6]
    pool = Pool(x, labelled, labelled % 4, random_head(rng, 5, scale=0.5))
    strategy = load({"method": "falcun", "gamma": gamma})
    found = strategy.query(pool, 12, np.random.default_rng(1)).index
    p = pool.probability(pool.unlabelled)
    expected = slow_falcun(p, 12, gamma, np.random.default_rng(1))
    np.testing.assert_array_equal(found, pool.unlabelled[expected])


def test_where_all_is_sure_and_alike_any_image_is_as_likely():
    pool = Pool(np.ones((8, 3)), np.array([1]), np.array([0]), constant_head(3, [1e4, 0]))
    strategy = load({"method": "falcun"})
    firsts = [strategy.query(pool, 1, np.random.default_rng(s)).index[0] for s in range(60)]
    assert set(firsts) == {0, 2, 3, 4, 5, 6, 7}
