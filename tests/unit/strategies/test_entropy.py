import numpy as np
from scipy.stats import entropy

from ntkcpl.strategies import Pool, load


def test_equals_scipy_and_treats_zero_probability_as_certain():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), size=50)
    p[:10] = np.eye(4)[rng.integers(4, size=10)]  # certain
    labelled = np.array([20, 30])
    pool = Pool(np.zeros((50, 2)), labelled, np.array([0, 1]), probability=p)
    found = load({"method": "entropy"}).query(pool, 40, rng).index
    expected = [i for i in np.argsort(-entropy(p, axis=1), kind="stable") if i not in labelled]
    np.testing.assert_array_equal(found, expected[:40])


def test_ties_go_to_the_lower_index():
    p = np.full((6, 2), 0.5)
    pool = Pool(np.zeros((6, 2)), np.array([1]), np.array([0]), probability=p)
    found = load({"method": "entropy"}).query(pool, 3, np.random.default_rng(0)).index
    assert found.tolist() == [0, 2, 3]
