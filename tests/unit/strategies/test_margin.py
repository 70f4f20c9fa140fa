import numpy as np
import pytest
from heads import random_head

from ntkcpl.strategies import Pool, load


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_equals_the_slow_loop_with_ties_to_the_lower_index(scale):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 6)).astype(np.float32)
    x[10:20] = x[20:30]
    labelled = np.array([20, 33])
    pool = Pool(x, labelled, np.array([0, 1]), random_head(rng, 6, scale=scale))
    p = pool.probability(np.arange(50))

    def margin(i):
        first, second = sorted(map(float, p[i]), reverse=True)[:2]
        return first - second

    expected = sorted(set(range(50)) - set(labelled), key=lambda i: (margin(i), i))
    found = load({"method": "margin"}).query(pool, 40, rng).index
    assert found.tolist() == expected[:40]


def test_nearly_equal_margins_are_told_apart():
    """Half precision knew three values of the twenty smallest."""
    rng = np.random.default_rng(0)
    pool = Pool(
        rng.normal(size=(5000, 6)), np.array([0]), np.array([0]), random_head(rng, 6, scale=0.01)
    )
    found = load({"method": "margin"}).query(pool, 20, rng).index
    p = np.sort(pool.probability(found), axis=1)
    assert len(np.unique(p[:, -1] - p[:, -2])) == 20


def test_equals_scikit_activeml():
    from skactiveml.pool import uncertainty_scores

    rng, labelled = np.random.default_rng(1), np.arange(7)
    pool = Pool(rng.normal(size=(60, 3)), labelled, labelled % 5, random_head(rng, 3, 5))
    theirs = uncertainty_scores(pool.probability(np.arange(60)), method="margin_sampling")[7:]
    found = load({"method": "margin"}).query(pool, 53, rng).index
    np.testing.assert_array_equal(found, 7 + np.argsort(-theirs, kind="stable"))
