"""BADGE and its form in parts against k-means++ on gradients written out."""

from math import ceil

import numpy as np
import pytest
from heads import random_head
from skactiveml.classifier import SklearnClassifier
from skactiveml.pool import Badge
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from ntkcpl.strategies import Pool, badge_partition, load
from ntkcpl.strategies.badge import seed_by_gradient


def gradients(p, hidden):
    """The outer products of p less the predicted class, and the hidden units."""
    error = p.astype(np.float64) - np.eye(p.shape[1])[p.argmax(axis=1)]
    return (error[:, :, None] * hidden.astype(np.float64)[:, None]).reshape(len(p), -1)


def squared_distances(g, centres):
    return np.min([((g - g[c]) ** 2).sum(axis=1) for c in centres], axis=0)


def slow_seeding(g, n_chosen, rng):
    chosen = [int((g**2).sum(axis=1).argmax())]
    while len(chosen) < n_chosen:
        weights = squared_distances(g, chosen)
        if not weights.any():
            weights = np.array([float(i not in chosen) for i in range(len(g))])
        chosen.append(rng.choice(len(g), p=weights / weights.sum()))
    return chosen


def known(kind, n, rng):
    p = rng.dirichlet(np.ones(4), size=n).astype(np.float16)
    hidden = rng.normal(size=(n, 6)).astype(np.float16)
    if kind == "ties":  # of first norms too
        return np.eye(4)[rng.integers(4, size=n)] / 2 + 0.125, rng.integers(2, size=(n, 3)) / 1.0
    if kind == "certain":
        p[n // 2 :] = np.eye(4)[rng.integers(4, size=n - n // 2)]
    same = rng.integers(n // 5, size=n) if kind == "duplicates" else np.arange(n)
    return p[same], hidden[same]


@pytest.mark.parametrize("kind", ["random", "ties", "duplicates", "certain"])
@pytest.mark.parametrize("seed", range(5))
def test_equals_seeding_on_gradients_written_out(kind, seed):
    rng = np.random.default_rng(seed)
    p, hidden = known(kind, 50, rng)
    found = seed_by_gradient(p, hidden, 40, np.random.default_rng(seed))
    expected = slow_seeding(gradients(p, hidden), 40, np.random.default_rng(seed))
    assert found.tolist() == expected


def example(n, rng):
    x = rng.normal(size=(n, 5)).astype(np.float32)
    labelled = rng.permutation(n)[:6]
    pool = Pool(x, labelled, labelled % 4, random_head(rng, 5))
    everything = np.arange(n)
    return pool, gradients(pool.probability(everything), pool.hidden(everything))


def test_the_unlabelled_images_are_seeded():
    pool, g = example(50, np.random.default_rng(0))
    found = load({"method": "badge"}).query(pool, 20, np.random.default_rng(1)).index
    left = pool.unlabelled
    assert found.tolist() == left[slow_seeding(g[left], 20, np.random.default_rng(1))].tolist()


@pytest.mark.parametrize(
    ("n", "budget", "parts", "largest"),
    [(47, 23, 4, 100), (47, 47, 5, 100), (47, 3, 10, 100), (47, 23, 4, 10), (47, 3, 1, 10)],
)
def test_in_parts_equals_seeding_in_each(monkeypatch, n, budget, parts, largest):
    monkeypatch.setattr(badge_partition, "LARGEST_PART", largest)
    pool, g = example(n + 6, np.random.default_rng(0))
    badge = load({"method": "badge_partition", "parts": parts})
    found = badge.query(pool, budget, np.random.default_rng(1)).index

    rng, parts = np.random.default_rng(1), min(max(parts, ceil(n / largest)), budget)
    shuffled = rng.permutation(pool.unlabelled).tolist()
    expected = []
    for i in range(parts):
        size, share = (total // parts + (i < total % parts) for total in (n, budget))
        part, shuffled = np.sort(shuffled[:size]), shuffled[size:]
        expected += part[slow_seeding(g[part], share, rng)].tolist()
    assert found.tolist() == expected


def test_the_number_of_threads_changes_nothing():
    rng = np.random.default_rng(0)
    x, head = rng.normal(size=(3000, 50)), random_head(rng, 50, n_classes=30, units=200)
    pool = Pool(x, np.arange(5), np.arange(5), head)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            badge = load({"method": "badge"})
            found.append(badge.query(pool, 100, np.random.default_rng(0)).index)
    np.testing.assert_array_equal(*found)


def test_unlike_scikit_activemls_it_has_no_ghost_centre():
    """Theirs also keeps away from the zero gradient, as if it had been chosen first."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 4)), np.full(40, np.nan)
    y[:9] = np.arange(9) % 3
    head = SklearnClassifier(LogisticRegression(), classes=[0, 1, 2]).fit(x, y)
    p = head.predict_proba(x)
    their_index, utilities = Badge(random_state=0).query(
        x, y, head, fit_clf=False, batch_size=2, return_utilities=True
    )
    found = 9 + seed_by_gradient(p[9:], x[9:], 2, np.random.default_rng(0))
    assert found[0] == their_index[0]
    g = gradients(p, x)[9:]
    weights = squared_distances(g, [found[0] - 9])
    assert found[1] == 9 + np.random.default_rng(0).choice(31, p=weights / weights.sum())
    with_ghost = np.minimum(weights, (g**2).sum(axis=1))
    others = np.arange(31) != found[0] - 9
    np.testing.assert_allclose(utilities[1][9:][others], (with_ghost / with_ghost.sum())[others])
    assert (with_ghost < weights).any()
