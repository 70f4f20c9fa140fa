"""DropQuery against a loop over images."""

import numpy as np
import pytest
from heads import random_head

from ntkcpl.geometry.kmeans import central_samples
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.strategies import Pool, load


def predict(head, z):
    return (
        np.maximum(z @ head.weight.T + head.bias, 0) @ head.readout.T + head.readout_bias
    ).argmax()


def slow_dropquery(head, x, unlabelled, budget, rng, samples, rate, scaling):
    different = dict.fromkeys(unlabelled, 0)
    for _ in range(samples):
        drawn = rng.random((len(unlabelled), x.shape[1]), dtype=np.float32)
        for i, u in zip(unlabelled, drawn, strict=True):
            dropped = np.where(u < rate, 0, x[i] / (1 - rate))
            different[i] += predict(head, dropped) != predict(head, x[i])
    for fewest in range(samples // 2 + 1, -1, -1):
        candidates = np.array([i for i in unlabelled if different[i] >= fewest])
        if len(candidates) >= budget:
            break
    central = central_samples(scale_embedding(x[candidates], scaling), budget, rng, starts=1)
    return candidates[central], fewest


@pytest.mark.parametrize(
    ("options", "budget", "needed"),
    [
        ({}, 10, 2),
        ({"samples": 4, "rate": 0.3, "scaling": "l2"}, 5, 3),
        ({"rate": 0.1}, 15, 1),
        ({"rate": 0.1}, 60, 0),
    ],
)
def test_equals_a_loop_over_images(options, budget, needed):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 6)).astype(np.float32)
    head = random_head(rng, 6)
    labelled = rng.permutation(100)[:20]
    pool = Pool(x, labelled, labelled % 4, head=head)
    strategy = load({"method": "dropquery"} | options)
    found = strategy.query(pool, budget, np.random.default_rng(5)).index
    expected, fewest = slow_dropquery(
        head,
        x,
        pool.unlabelled,
        budget,
        np.random.default_rng(5),
        strategy.samples,
        strategy.rate,
        strategy.scaling,
    )
    assert found.tolist() == expected.tolist()
    assert fewest == needed  # the case that is meant


def test_without_a_head_all_images_are_candidates():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3)).astype(np.float32)
    found = load({"method": "dropquery"}).query(Pool(x), 7, np.random.default_rng(1))
    expected = central_samples(x, 7, np.random.default_rng(1), starts=1)
    assert found.index.tolist() == expected.tolist()
