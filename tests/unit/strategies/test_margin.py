import numpy as np
import pytest

from ntkcpl.strategies import Pool, load


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_equals_the_slow_loop_with_ties_to_the_lower_index(dtype):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), size=50).astype(dtype)
    p[:10] = np.eye(4)[rng.integers(4, size=10)]  # certain
    p[10:20] = p[20:30]
    labelled = np.array([20, 33])

    def margin(i):
        first, second = sorted(map(float, p[i]), reverse=True)[:2]
        return first - second

    expected = sorted(set(range(50)) - set(labelled), key=lambda i: (margin(i), i))
    pool = Pool(np.zeros((50, 2)), labelled, np.array([0, 1]), probability=p)
    found = load({"method": "margin"}).query(pool, 40, rng).index
    assert found.tolist() == expected[:40]


def test_equals_scikit_activeml():
    from skactiveml.pool import uncertainty_scores

    p = np.random.default_rng(1).dirichlet(np.ones(5), size=60)
    labelled = np.arange(7)
    theirs = uncertainty_scores(p, method="margin_sampling")[7:]
    pool = Pool(np.zeros((60, 2)), labelled, labelled % 5, probability=p)
    found = load({"method": "margin"}).query(pool, 53, np.random.default_rng(0)).index
    np.testing.assert_array_equal(found, 7 + np.argsort(-theirs, kind="stable"))
