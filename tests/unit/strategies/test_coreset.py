"""Coreset against a slow loop over all pairs, and against scikit-activeml's."""

import numpy as np
import pytest
from heads import identity_head

from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.strategies import Pool, load


def slow_coreset(x, labelled, budget, first):
    """Squared distances as sums of squared differences; ties to the lower index."""
    chosen = [] if len(labelled) else [first]
    while len(chosen) < budget:
        centres = [*labelled, *chosen]
        distance = {
            i: min(float(((x[i] - x[c]) ** 2).sum()) for c in centres)
            for i in range(len(x))
            if i not in centres
        }
        chosen.append(max(distance, key=lambda i: (distance[i], -i)))
    return chosen


def drawn(kind, n, rng):
    x = rng.normal(size=(n, 5)).astype(np.float32)
    if kind == "ties":
        return rng.integers(3, size=(n, 3)).astype(np.float32)
    return x[rng.integers(6, size=n)] if kind == "duplicates" else x


@pytest.mark.parametrize("kind", ["random", "ties", "duplicates"])
@pytest.mark.parametrize("feature", ["self", "al"])
@pytest.mark.parametrize("seed", range(5))
def test_equals_the_slow_loop(kind, feature, seed):
    rng = np.random.default_rng(seed)
    x = drawn(kind, 40, rng)
    labelled = rng.permutation(40)[: rng.integers(feature == "al", 20)]
    if feature == "self" and seed == 0:
        labelled = labelled[:0]
    head = None
    if feature == "al":
        x, head = np.abs(x), identity_head(x.shape[1], 2)  # its hidden units are the embedding
    pool = Pool(x, labelled, labelled % 3, head)
    coreset = load({"method": "coreset", "feature": feature})
    found = coreset.query(pool, 40 - len(labelled), np.random.default_rng(seed)).index
    first = int(np.random.default_rng(seed).integers(40))
    x = x.astype(np.float64)
    assert found.tolist() == slow_coreset(x, labelled.tolist(), 40 - len(labelled), first)


def test_the_embedding_is_scaled_as_asked():
    x = drawn("random", 30, np.random.default_rng(0)) * np.arange(1, 31, dtype=np.float32)[:, None]
    labelled = np.array([4, 9])
    coreset = load({"method": "coreset", "feature": "self", "scaling": "l2"})
    found = coreset.query(Pool(x, labelled, labelled), 10, np.random.default_rng(0)).index
    unit = scale_embedding(x, "l2").astype(np.float64)
    assert found.tolist() == slow_coreset(unit, [4, 9], 10, None)


def test_equals_scikit_activeml():
    from skactiveml.pool import CoreSet

    x = drawn("random", 80, np.random.default_rng(3))  # without ties, which it breaks at random
    labelled = np.array([3, 50, 71])
    y = np.full(80, np.nan)
    y[labelled] = 0
    pool = Pool(x, labelled, labelled)
    found = load({"method": "coreset", "feature": "self"}).query(pool, 30, np.random.default_rng(0))
    np.testing.assert_array_equal(found.index, CoreSet(random_state=0).query(x, y, batch_size=30))


def test_only_hidden_features_need_a_random_batch_first():
    assert load({"method": "coreset", "feature": "al"}).needs_classifier
    assert not load({"method": "coreset", "feature": "self"}).needs_classifier
