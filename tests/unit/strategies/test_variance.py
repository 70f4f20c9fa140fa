"""EV-GP and the weighted variance against posteriors formed from scratch."""

from dataclasses import replace

import numpy as np
import pytest
from heads import constant_head, random_head

from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.regression.kernel import ntk
from ntkcpl.strategies import Pool, load
from ntkcpl.strategies.ntkcpl import NTKCPL as Starter

WEIGHTED = {
    "method": "weighted_variance",
    "start": "variance",
    "weight": "margin",
    "noise": "equal",
    "ridge": 0.01,
}
NTKCPL = {"method": "ntkcpl", "feature": "self"}


def example(seed, n=60, n_labelled=9):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(8, 5))[rng.integers(8, size=n)] + rng.normal(size=(n, 5)) / 2
    labelled = rng.permutation(n)[:n_labelled]
    head = random_head(rng, 5, scale=0.3) if n_labelled else None
    return Pool(x.astype(np.float32), labelled, labelled % 4, head)


def slow_weights(strategy, pool):
    """The weight of each image, one by one."""
    if strategy.method == "ev_gp" or pool.head is None or strategy.weight == "one":
        return np.ones(len(pool.embedding))
    weights = []
    for p in pool.probability(np.arange(len(pool.embedding))):
        first, second = sorted(p, reverse=True)[:2]
        weights.append(1 - (first - second) if strategy.weight == "margin" else first * (1 - first))
    return np.array(weights)


def slow_total(kernel, weight, noise, held):
    """The weighted sum of variances, given the labels of those held."""
    gram = kernel[np.ix_(held, held)] + np.diag(noise[held])
    posterior = kernel - kernel[:, held] @ np.linalg.solve(gram, kernel[held])
    return weight @ np.diagonal(posterior)


def slow_kernel(strategy, embedding, rng):
    """The kernel (N, N) in float64."""
    scaled = scale_embedding(embedding, strategy.kernel_scaling)
    covariance = getattr(strategy, "covariance", "ntk")
    if covariance == "linear":
        return scaled.astype(np.float64) @ scaled.T
    if covariance == "ntk":
        return ntk(scaled, strategy.width, rng).astype(np.float64)
    number = min(covariance.landmarks, len(scaled))
    landmarks = np.sort(rng.choice(len(scaled), number, replace=False))
    kernel = ntk(scaled, strategy.width, rng).astype(np.float64)
    across, among = kernel[:, landmarks], kernel[np.ix_(landmarks, landmarks)]
    return across @ np.linalg.solve(among, across.T)


@pytest.mark.parametrize("n_labelled", [0, 9])
@pytest.mark.parametrize(
    "settings",
    [
        {"method": "ev_gp"},
        {"method": "ev_gp", "width": 64, "kernel_scaling": "l2_centred", "ridge": 1e-2},
        WEIGHTED,
        WEIGHTED | {"weight": "bernoulli", "noise": "by_weight"},
        WEIGHTED | {"weight": "one", "ridge": 0.5},
        WEIGHTED | {"covariance": "linear"},
        WEIGHTED | {"covariance": "linear", "kernel_scaling": "l2_centred", "noise": "by_weight"},
        WEIGHTED | {"covariance": {"landmarks": 20}},
        WEIGHTED | {"covariance": {"landmarks": 70}, "width": 16, "kernel_scaling": "l2"},
        WEIGHTED | {"covariance": {"landmarks": 30}, "weight": "one", "noise": "by_weight"},
    ],
    ids=str,
)
def test_each_choice_leaves_the_least_variance(settings, n_labelled):
    strategy, pool = load(settings | {"candidates": "all"}), example(n_labelled, 60, n_labelled)
    found = strategy.query(pool, 8, np.random.default_rng(7)).index

    kernel = slow_kernel(strategy, pool.embedding, np.random.default_rng(7))
    weight = slow_weights(strategy, pool)
    noise = np.full(60, strategy.ridge * np.diagonal(kernel).mean())
    if getattr(strategy, "noise", "equal") == "by_weight":
        noise = noise / weight
    held = pool.labelled.tolist()
    for index in found:
        before = slow_total(kernel, weight, noise, held)
        falls = {
            i: before - slow_total(kernel, weight, noise, [*held, i])
            for i in np.setdiff1d(np.arange(60), held)
        }
        assert falls[index] >= max(falls.values()) * (1 - 1e-4)
        held.append(index)


def test_equal_weights_are_ev_gp():
    pool = example(3)
    ev_gp = load({"method": "ev_gp", "ridge": 0.01})
    for equal in (WEIGHTED | {"weight": "one"}, WEIGHTED):
        everywhere = Pool(pool.embedding, pool.labelled, pool.label, constant_head(5, [0, 0]))
        expected = ev_gp.query(pool, 10, np.random.default_rng(0)).index
        found = load(equal).query(everywhere, 10, np.random.default_rng(0)).index
        np.testing.assert_array_equal(found, expected)


def test_the_weight_and_the_noise_matter():
    pool = example(4)
    options = [{}, {"weight": "bernoulli"}, {"weight": "one"}, {"noise": "by_weight"}]
    batches = [
        load(WEIGHTED | option).query(pool, 15, np.random.default_rng(0)).index.tolist()
        for option in options
    ]
    assert len({tuple(batch) for batch in batches}) == 4


def test_where_all_is_sure_any_label_tells_nothing_and_ties_go_to_the_lower_index():
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    pool = Pool(x, np.array([1]), np.array([0]), constant_head(3, [1e4, 0]))
    for noise in ("equal", "by_weight"):
        batch = load(WEIGHTED | {"noise": noise}).query(pool, 3, np.random.default_rng(0))
        assert batch.index.tolist() == [0, 2, 3]


@pytest.mark.parametrize("settings", [{"method": "ev_gp"}, WEIGHTED], ids=["ev_gp", "weighted"])
def test_only_candidates_are_chosen(settings):
    strategy, pool = load(settings | {"candidates": 20}), example(0)
    batches = [strategy.query(pool, 20, np.random.default_rng(seed)).index for seed in range(2)]
    assert set(batches[0]) != set(batches[1])
    with pytest.raises(ValueError, match="20 candidates are fewer than the budget, 21"):
        strategy.query(pool, 21, np.random.default_rng(0))


def test_ntkcpl_chooses_the_first_batch_and_only_that():
    pool, rng = example(0, n_labelled=0), np.random.default_rng
    weighted, ntkcpl = load({"method": "weighted_variance"}), load(NTKCPL)
    clusters = weighted.clustering(6, first_budget=6).cluster(pool, rng(1))
    clustered = replace(pool, clusters=clusters)
    batches = [strategy.query(clustered, 6, rng(2)).index for strategy in (weighted, ntkcpl)]
    np.testing.assert_array_equal(*batches)
    assert weighted.clustering(12, first_budget=6) is None
    with pytest.raises(ValueError, match="weighted_variance needs the clusters"):
        weighted.query(pool, 6, rng(0))
    assert load(WEIGHTED).clustering(6, first_budget=6) is None


def test_with_landmarks_the_first_batch_has_the_candidates_of_its_own_default():
    settings = {"method": "weighted_variance", "candidates": 1_000_000}
    of_features = load(settings | {"covariance": {"landmarks": 8}})
    candidates = Starter.model_fields["candidates"].default
    assert of_features.clustering(6, first_budget=6).candidates == candidates
    assert load(settings).clustering(6, first_budget=6).candidates == 1_000_000


def test_of_images_that_are_alike_the_first_is_chosen():
    pool = example(7, n=40)
    twice = Pool(np.tile(pool.embedding, (2, 1)), pool.labelled, pool.label, pool.head)
    for covariance in ("ntk", "linear", {"landmarks": 30}):
        strategy = load(WEIGHTED | {"covariance": covariance})
        first = strategy.query(twice, 1, np.random.default_rng(0)).index
        assert first[0] < 40


def test_with_every_image_a_landmark_it_chooses_as_without():
    pool = example(6)
    batches = [
        load(WEIGHTED | {"covariance": covariance}).query(pool, 10, np.random.default_rng(0)).index
        for covariance in ("ntk", {"landmarks": 60})
    ]
    np.testing.assert_array_equal(*batches)


def test_of_a_linear_kernel_it_is_the_forward_step_of_bait():
    pool = example(5)
    settings = WEIGHTED | {"covariance": "linear", "weight": "bernoulli", "noise": "by_weight"}
    found = load(settings | {"candidates": "all", "ridge": 0.1}).query(
        pool, 6, np.random.default_rng(0)
    )
    x, probability = pool.embedding.astype(np.float64), pool.probability(np.arange(60))
    p = probability.max(axis=1)
    z = np.sqrt(p * (1 - p))[:, None] * x
    lambda_ = 0.1 * np.square(x).sum(axis=1).mean()
    held = pool.labelled.tolist()
    for index in found.index:
        traces = {
            i: np.trace(
                np.linalg.solve(lambda_ * np.eye(5) + z[[*held, i]].T @ z[[*held, i]], z.T @ z)
            )
            for i in np.setdiff1d(np.arange(60), held)
        }
        assert index == min(traces, key=traces.get)
        held.append(index)
