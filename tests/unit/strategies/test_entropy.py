import numpy as np
from heads import constant_head, random_head
from scipy.stats import entropy

from ntkcpl.strategies import Pool, load


def test_equals_scipy_and_treats_zero_probability_as_certain():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 6)).astype(np.float32)
    x[:10] *= 1e4  # certain
    labelled = np.array([20, 30])
    pool = Pool(x, labelled, np.array([0, 1]), random_head(rng, 6))
    p = pool.probability(np.arange(50))
    assert (p[:10] == 0).any()
    found = load({"method": "entropy"}).query(pool, 40, rng).index
    expected = [i for i in np.argsort(-entropy(p, axis=1), kind="stable") if i not in labelled]
    np.testing.assert_array_equal(found, expected[:40])


def test_ties_go_to_the_lower_index():
    pool = Pool(np.zeros((6, 2)), np.array([1]), np.array([0]), constant_head(2, [0, 0]))
    found = load({"method": "entropy"}).query(pool, 3, np.random.default_rng(0)).index
    assert found.tolist() == [0, 2, 3]
