"""LookAhead against a regression solved from scratch for each candidate."""

import numpy as np
import pytest
from heads import constant_head, random_head

from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.regression.kernel import ntk
from ntkcpl.strategies import Pool, load


def outputs(kernel, chosen, classes, n_classes, lambda_):
    gram = kernel[np.ix_(chosen, chosen)] + lambda_ * np.eye(len(chosen))
    return kernel[:, chosen] @ np.linalg.solve(gram, np.eye(n_classes)[classes])


def slow_change(kernel, pool, index, lambda_, criterion):
    """The change that image `index` makes, once added with the class predicted for it."""
    n_classes = pool.head.n_classes
    before = outputs(kernel, pool.labelled, pool.label, n_classes, lambda_)
    chosen = np.append(pool.labelled, index)
    classes = np.append(pool.label, pool.predicted(np.array([index])))
    after = outputs(kernel, chosen, classes, n_classes, lambda_)
    if criterion == "argmax":
        return sum(a.argmax() != b.argmax() for a, b in zip(after, before, strict=True))
    return np.mean([np.linalg.norm(a - b) for a, b in zip(after, before, strict=True)])


def example(seed, n=70, n_classes=4):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(8, 5))[rng.integers(8, size=n)] + rng.normal(size=(n, 5)) / 2
    labelled = rng.permutation(n)[:12]
    label = rng.integers(n_classes, size=12)
    return Pool(x.astype(np.float32), labelled, label, random_head(rng, 5, n_classes))


@pytest.mark.parametrize("criterion", ["output", "argmax"])
@pytest.mark.parametrize(
    "options",
    [{}, {"width": 64, "kernel_scaling": "l2_centred", "ridge": 1e-2}],
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
        lambda_ = strategy.ridge * np.diagonal(kernel).mean()
        change = {i: slow_change(kernel, pool, i, lambda_, criterion) for i in pool.unlabelled}
        assert found.tolist() == sorted(change, key=lambda i: (-change[i], i))[:10]


def test_ties_go_to_the_lower_index():
    x = np.ones((8, 3), np.float32)  # all alike: nothing changes anything
    pool = Pool(x, np.array([2]), np.array([0]), constant_head(3, [0, 0]))
    for criterion in ("output", "argmax"):
        strategy = load({"method": "lookahead", "criterion": criterion})
        assert strategy.query(pool, 3, np.random.default_rng(0)).index.tolist() == [0, 1, 3]


def test_only_candidates_are_chosen():
    strategy = load({"method": "lookahead", "candidates": 25})
    pool = example(0)
    batches = [strategy.query(pool, 20, np.random.default_rng(seed)).index for seed in range(2)]
    assert set(batches[0]) != set(batches[1])
    assert all(len(set(batch)) == 20 for batch in batches)


def test_fewer_candidates_than_the_budget_are_refused():
    strategy = load({"method": "lookahead", "candidates": 5})
    with pytest.raises(ValueError, match="5 candidates are fewer than the budget, 6"):
        strategy.query(example(0), 6, np.random.default_rng(0))
