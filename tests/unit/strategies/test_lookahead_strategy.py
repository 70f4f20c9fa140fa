"""LookAhead against a regression solved from scratch for each candidate."""

import numpy as np
import pytest

from ntkcpl.kernel import ntk
from ntkcpl.scaling import scale_embedding
from ntkcpl.strategies import Pool, load


def outputs(kernel, chosen, classes, n_classes, ridge):
    gram = kernel[np.ix_(chosen, chosen)] + ridge * np.eye(len(chosen))
    return kernel[:, chosen] @ np.linalg.solve(gram, np.eye(n_classes)[classes])


def slow_change(kernel, pool, index, ridge, criterion):
    """The change that image `index` makes, once added with the class predicted for it."""
    n_classes = pool.probability.shape[1]
    before = outputs(kernel, pool.labelled, pool.label, n_classes, ridge)
    chosen = np.append(pool.labelled, index)
    classes = np.append(pool.label, pool.probability[index].argmax())
    after = outputs(kernel, chosen, classes, n_classes, ridge)
    if criterion == "argmax":
        return sum(a.argmax() != b.argmax() for a, b in zip(after, before, strict=True))
    return np.mean([np.linalg.norm(a - b) for a, b in zip(after, before, strict=True)])


def example(seed, n=70, n_classes=4):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(8, 5))[rng.integers(8, size=n)] + rng.normal(size=(n, 5)) / 2
    labelled = rng.permutation(n)[:12]
    label = rng.integers(n_classes, size=12)
    p = rng.dirichlet(np.ones(n_classes), size=n)
    return Pool(x.astype(np.float32), labelled, label, probability=p)


@pytest.mark.parametrize("criterion", ["output", "argmax"])
@pytest.mark.parametrize(
    "options",
    [{}, {"width": 64, "kernel_scaling": "l2_centred", "jitter": 1e-2}],
    ids=["default", "empirical"],
)
def test_takes_those_that_change_regressions_from_scratch_most(options, criterion):
    settings = {"method": "lookahead", "criterion": criterion, "candidates": "all"} | options
    for seed in range(3):
        pool = example(seed)
        strategy = load(settings)
        found = strategy.query(pool, 10, np.random.default_rng(7)).index
        scaled = scale_embedding(pool.embedding, strategy.kernel_scaling)
        kernel = ntk(scaled, strategy.width, np.random.default_rng(7)).astype(np.float64)
        ridge = strategy.jitter * np.diagonal(kernel).mean()
        change = {i: slow_change(kernel, pool, i, ridge, criterion) for i in pool.unlabelled}
        assert found.tolist() == sorted(change, key=lambda i: (-change[i], i))[:10]


def test_ties_go_to_the_lower_index():
    x = np.ones((8, 3), np.float32)  # all alike: nothing changes anything
    pool = Pool(x, np.array([2]), np.array([0]), probability=np.full((8, 2), 0.5))
    for criterion in ("output", "argmax"):
        strategy = load({"method": "lookahead", "criterion": criterion})
        assert strategy.query(pool, 3, np.random.default_rng(0)).index.tolist() == [0, 1, 3]


def test_the_considered_part_of_the_pool_is_never_smaller_than_the_budget():
    strategy = load({"method": "lookahead", "candidates": 5})
    pool = example(0)
    batches = [strategy.query(pool, 20, np.random.default_rng(seed)).index for seed in range(2)]
    assert set(batches[0]) != set(batches[1])
    assert all(len(set(batch)) == 20 for batch in batches)
