"""NTKCPL against Algorithm 1 done the slow way: a regression from scratch for each candidate."""

import numpy as np
import pytest

from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.pseudo_labels import merge_known
from ntkcpl.regression.kernel import ntk
from ntkcpl.strategies import Pool, load


def outputs(kernel, targets, chosen, lambda_):
    gram = kernel[np.ix_(chosen, chosen)] + lambda_ * np.eye(len(chosen))
    return kernel[:, chosen] @ np.linalg.solve(gram, targets[chosen])


def slow_scores(kernel, pseudo, chosen, lambda_):
    """Wrong predictions, and squared error, of a regression from scratch."""
    targets = np.eye(pseudo.max() + 1)[pseudo]
    f = outputs(kernel, targets, chosen, lambda_)
    error = ((f - targets) ** 2).sum()
    own = f[np.arange(len(f)), pseudo]
    f[np.arange(len(f)), pseudo] = -np.inf
    return int((own <= f.max(axis=1)).sum()), error


@pytest.mark.parametrize("n_labelled", [0, 5])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"criterion": "risk"},
        {"criterion": "risk", "width": 64, "kernel_scaling": "l2_centred", "ridge": 1e-2},
    ],
    ids=["default", "risk", "empirical"],
)
def test_each_choice_is_the_best_of_regressions_from_scratch(options, n_labelled):
    rng = np.random.default_rng(n_labelled)
    x = (rng.normal(size=(8, 6))[rng.integers(8, size=60)] + rng.normal(size=(60, 6)) / 3).astype(
        "f4"
    )
    strategy = load({"method": "ntkcpl", "feature": "self"} | options)
    labelled = rng.permutation(60)[:n_labelled]
    clustering = strategy.clustering(labels=n_labelled + 8, first_budget=8)
    clusters = clustering.cluster(Pool(x, labelled, labelled % 2), rng)
    pool = Pool(x, labelled, labelled % 2, clusters=clusters)
    batch = strategy.query(pool, 8, np.random.default_rng(7))

    scaled = scale_embedding(x, strategy.kernel_scaling)
    kernel = ntk(scaled, strategy.width, np.random.default_rng(7)).astype(np.float64)
    lambda_ = strategy.ridge * np.diagonal(kernel).mean()
    chosen = labelled.tolist()
    for index, coverage in zip(batch.index, batch.estimated_coverage, strict=True):
        free = np.setdiff1d(np.arange(60), chosen)
        scores = {
            i: slow_scores(kernel, clusters.pseudo_label, [*chosen, i], lambda_) for i in free
        }
        risk, error = scores[index]
        if strategy.criterion == "risk":  # float32 may decide one near-tie
            assert risk <= min(risk for risk, _ in scores.values()) + 1
        else:
            assert error <= min(error for _, error in scores.values()) * (1 + 1e-5)
        assert coverage == pytest.approx(1 - risk / 60, abs=1.1 / 60)
        chosen.append(index)


def test_number_of_clusters_follows_the_schedule():
    strategy = load({"method": "ntkcpl", "feature": "al", "max_clusters": 60})
    numbers = [
        (c.n_initial, c.n_clusters)
        for c in (strategy.clustering(labels=b, first_budget=20) for b in (20, 40, 60, 100, 200))
    ]
    assert numbers == [(20, 20), (20, 20), (20, 30), (20, 50), (20, 60)]


def test_without_splitting_k_means_makes_all_clusters():
    options = {"method": "ntkcpl", "feature": "al", "splitting": False, "labels_per_cluster": 1.0}
    clustering = load(options).clustering(labels=100, first_budget=20)
    assert (clustering.n_initial, clustering.n_clusters) == (100, 100)


def test_merging_makes_clusters_of_one_class_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 4)).astype("f4")
    labelled, label = np.arange(12), np.zeros(12, dtype=np.int64)
    label[:2] = 1
    strategy = load({"method": "ntkcpl", "feature": "self", "merging": True})
    clusters = strategy.clustering(labels=20, first_budget=10).cluster(
        Pool(x, labelled, label), rng
    )
    merged = merge_known(clusters)
    assert sorted(merged.labelled_class[merged.labelled_class >= 0]) == [0, 1]
    together = clusters.labelled_class[clusters.pseudo_label] == 0
    assert len(np.unique(merged.pseudo_label[together])) == 1
    for cluster in np.flatnonzero(clusters.labelled_class < 0):  # the others stay what they are
        members = merged.pseudo_label[clusters.pseudo_label == cluster]
        assert (merged.pseudo_label == members[0]).sum() == len(members)
    np.testing.assert_array_equal(np.unique(merged.pseudo_label), np.arange(merged.n_clusters))

    pool = Pool(x, labelled, label, clusters=clusters)
    batch = strategy.query(pool, 1, np.random.default_rng(0))
    same = load({"method": "ntkcpl", "feature": "self"}).query(
        Pool(x, labelled, label, clusters=merged), 1, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(batch.index, same.index)


def test_fewer_clusters_than_the_first_budget():
    clustering = load({"method": "ntkcpl", "feature": "al", "max_clusters": 5}).clustering(40, 20)
    assert (clustering.n_initial, clustering.n_clusters) == (5, 5)


def test_the_considered_part_of_the_pool_is_all_that_is_chosen_from():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    strategy = load({"method": "ntkcpl", "feature": "self", "candidates": 15})
    clusters = strategy.clustering(5, 5).cluster(Pool(x), rng)
    batch = strategy.query(Pool(x, clusters=clusters), 5, rng)
    assert len(clusters.index) == 15
    assert set(batch.index) <= set(clusters.index)
    assert (np.diff(batch.seconds) > 0).all()
