"""BAIT against the trace of Fisher informations, each formed from scratch."""

import numpy as np
import pytest
from heads import constant_head, random_head

from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.strategies import Pool, load


def slow_bait(x, p, labelled, ridge, budget):
    """The forward and the backward steps, as the papers say them; p (N, outputs)."""
    information = [
        np.kron(np.diag(q * (1 - q)), np.outer(row, row)) for q, row in zip(p, x, strict=True)
    ]
    prior = ridge * (x**2).sum(axis=1).mean() * np.eye(len(information[0]))
    everything = sum(information)

    def trace(held):
        return np.trace(np.linalg.inv(prior + sum(information[i] for i in held)) @ everything)

    held = list(labelled)
    for _ in range(2 * budget):
        free = [i for i in range(len(x)) if i not in held]
        held.append(min(free, key=lambda i: trace([*held, i])))
    for _ in range(budget):
        chosen = held[len(labelled) :]
        held.remove(min(chosen, key=lambda i: trace([j for j in held if j != i])))
    return held[len(labelled) :]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"feature": "al"},
        {"scaling": "l2_centred", "ridge": 1.0},
        {"information": "classes"},
        {"information": "classes", "feature": "al"},
    ],
    ids=str,
)
def test_choices_are_those_of_traces_from_scratch(options):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5)).astype(np.float32)
    labelled = rng.permutation(40)[:6]
    pool = Pool(x, labelled, labelled % 4, random_head(rng, 5, scale=0.3))
    strategy = load({"method": "bait"} | options)
    found = strategy.query(pool, 8, rng).index
    features = x if strategy.feature == "self" else pool.hidden(np.arange(40))
    scaled = scale_embedding(features, strategy.scaling).astype(np.float64)
    p = pool.probability(np.arange(40))
    if strategy.information == "binary":
        p = p.max(axis=1, keepdims=True)
    assert found.tolist() == slow_bait(scaled, p, labelled.tolist(), strategy.ridge, 8)


@pytest.mark.parametrize("information", ["binary", "classes"])
def test_a_pool_in_its_file_is_chosen_from_as_one_in_memory(information, tmp_path):
    rng = np.random.default_rng(0)
    in_memory = rng.normal(size=(3_000, 6)).astype(np.float16)  # more than a block
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float16, in_memory.shape)
    mapped[:] = in_memory
    labelled, head = np.arange(7), random_head(rng, 6, scale=0.3)
    strategy = load({"method": "bait", "candidates": "all", "information": information})
    batches = [
        strategy.query(Pool(x, labelled, labelled % 4, head), 20, rng).index
        for x in (mapped, in_memory, in_memory.astype(np.float32))
    ]
    np.testing.assert_array_equal(batches[0], batches[1])
    np.testing.assert_array_equal(batches[0], batches[2])


def test_the_scale_of_the_features_decides_nothing():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 4)).astype(np.float32)
    labelled = np.arange(5)
    sure = constant_head(4, [1, 0])
    batches = [
        load({"method": "bait"}).query(Pool(scale * x, labelled, labelled % 2, sure), 9, rng).index
        for scale in (np.float32(1), np.float32(1024))
    ]
    np.testing.assert_array_equal(*batches)


def test_with_two_classes_both_informations_are_the_whole_one():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40, 5)).astype(np.float32)
    labelled = rng.permutation(40)[:6]
    pool = Pool(x, labelled, labelled % 2, random_head(rng, 5, n_classes=2, scale=0.3))
    batches = [
        load({"method": "bait", "information": name}).query(pool, 8, rng).index
        for name in ("binary", "classes")
    ]
    np.testing.assert_array_equal(*batches)


def test_without_a_classifier_the_batch_is_random():
    pool = Pool(np.random.default_rng(0).normal(size=(50, 4)))
    batches = [
        load({"method": method}).query(pool, 9, np.random.default_rng(5)).index
        for method in ("bait", "random")
    ]
    np.testing.assert_array_equal(*batches)


def test_where_all_is_sure_ties_go_to_the_lower_index():
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    pool = Pool(x, np.array([1]), np.array([0]), constant_head(3, [1e4, 0]))
    batch = load({"method": "bait"}).query(pool, 3, np.random.default_rng(0))
    assert batch.index.tolist() == [0, 2, 3]
