"""BALD against its formula, image by image."""

from unittest.mock import patch

import numpy as np
import pytest
from heads import constant_head, random_head
from scipy.special import softmax
from scipy.stats import entropy

from ntkcpl.strategies import Pool, bald, load


def mutual_information(head, z, kept, rate):
    hidden = np.maximum(head.weight.astype(np.float64) @ z + head.bias, 0)
    p = [softmax(head.readout @ (hidden * mask / (1 - rate)) + head.readout_bias) for mask in kept]
    return entropy(np.mean(p, axis=0)) - np.mean([entropy(q) for q in p])


@pytest.mark.parametrize("block", [7, 4096])
@pytest.mark.parametrize(("samples", "rate"), [(50, 0.5), (3, 0.2)])
def test_equals_the_formula(samples, rate, block):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 5)).astype(np.float32)
    head = random_head(rng, 5, units=20)
    pool = Pool(x, np.arange(10), np.arange(10) % 4, head=head)
    strategy = load({"method": "bald", "samples": samples, "rate": rate})
    with patch.object(bald, "BLOCK", block):
        found = strategy.query(pool, 30, np.random.default_rng(3)).index
    kept = np.random.default_rng(3).random((samples, 20)) >= rate
    score = {
        i: mutual_information(head, x[i].astype(np.float64), kept, rate) for i in range(10, 80)
    }
    assert found.tolist() == sorted(score, key=lambda i: -score[i])[:30]


def test_ties_go_to_the_lower_index_and_certainty_to_the_end():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(2, 5)), 4, axis=0).astype(np.float32)  # two images, four times
    pool = Pool(x, np.array([0]), np.array([0]), head=random_head(rng, 5))
    found = load({"method": "bald"}).query(pool, 7, rng).index.tolist()
    assert found in ([1, 2, 3, 4, 5, 6, 7], [4, 5, 6, 7, 1, 2, 3])

    certain = constant_head(5, [0, 1e4])  # the probability of the other class is 0
    pool = Pool(x, np.array([0]), np.array([0]), head=certain)
    assert load({"method": "bald"}).query(pool, 3, rng).index.tolist() == [1, 2, 3]
