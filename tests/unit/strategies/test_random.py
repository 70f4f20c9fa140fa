import numpy as np

from ntkcpl.strategies import Pool, load


def test_every_unlabelled_image_is_equally_likely():
    pool = Pool(np.zeros((6, 1)), np.array([2]), np.array([0]))
    rng = np.random.default_rng(0)
    random = load({"method": "random"})
    drawn = np.concatenate([random.query(pool, 2, rng).index for _ in range(5000)])
    counts = np.bincount(drawn, minlength=6)
    assert counts[2] == 0
    # 2,000 each are expected, with a standard deviation of about 35.
    assert (np.abs(np.delete(counts, 2) - 2000) < 200).all()
