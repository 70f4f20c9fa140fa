"""K-means under constraints between labelled samples (COP-k-means).

Labelled samples of different classes never share a cluster ("cannot-link", Wagstaff et al. 2001,
"Constrained k-means clustering with background knowledge").
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Constraint = Literal["none", "cannot_link", "must_link"]
UNKNOWN = -1  # class of an unlabelled sample, and of a cluster without labelled samples
TRIAL_ITERATIONS = 10  # iterations after which the starts are compared


def constrained_kmeans(
    x: NDArray[np.float32],
    n_clusters: int,
    rng: np.random.Generator,
    classes: NDArray[np.int64] | None = None,
    constraint: Constraint = "none",
    starts: int = 3,
    iterations: int = 100,
    weight: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Cluster by k-means under constraints between labelled samples (COP-k-means).

    Parameters
    ----------
    x : float32 (N, D)
        Samples.
    n_clusters
        Number of clusters K; none will be empty.
    rng
        Draws the starts (k-means++).
    classes : int64 (N,), optional
        Class of each labelled sample, UNKNOWN for the others.
    constraint
        "cannot_link" keeps labelled samples of different classes in different clusters,
        "must_link" also those of one class in one cluster.
    starts, iterations
        Number of starts, and of iterations at most. Of several starts the one with the smallest
        inertia after `TRIAL_ITERATIONS` iterations goes on.
    weight : int64 (N,), optional
        How many samples each stands for; one without.

    Returns
    -------
    int64 (N,)
        Cluster of each sample.

    Raises
    ------
    ValueError
        If there are more clusters than samples, or fewer than the constraint needs.

    Notes
    -----
    Memory: one (N, K) and one (N, D) float32 array.
    """
    if classes is None or constraint == "none":
        classes = np.full(len(x), UNKNOWN)
    if weight is None:
        weight = np.ones(len(x), dtype=np.int64)
    fewest = max(1, len(np.unique(classes[classes != UNKNOWN])))
    most = most_clusters(classes, constraint)
    if not fewest <= n_clusters <= most:
        raise ValueError(
            f"{n_clusters} clusters asked for, but {len(x)} samples with the constraint "
            f"{constraint} need at least {fewest} and at most {most}"
        )
    best, smallest = None, np.inf
    trial = iterations if starts == 1 else min(TRIAL_ITERATIONS, iterations)
    for _ in range(starts):
        centres = kmeans_plusplus(x, n_clusters, rng, weight)
        assigned, inertia = lloyd(x, centres, classes, constraint, trial, weight)
        if inertia < smallest:
            best, smallest = assigned, inertia
    assert best is not None
    if trial < iterations:
        centres = group_means(x, best, n_clusters, weight)
        best, _ = lloyd(x, centres, classes, constraint, iterations - trial, weight)
    return best


def central_samples(
    x: NDArray[np.float32],
    n_clusters: int,
    rng: np.random.Generator,
    starts: int = 3,
    weight: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Cluster by k-means, and return the sample of each cluster nearest to its mean, (K,).

    The parameters are those of `constrained_kmeans`. Ties go to the lower index.
    """
    if weight is None:
        weight = np.ones(len(x), dtype=np.int64)
    assigned = constrained_kmeans(x, n_clusters, rng, starts=starts, weight=weight)
    offset = x - _means(x, assigned, n_clusters, weight)[assigned]
    distance = np.einsum("nd,nd->n", offset, offset)
    nearest = np.full(n_clusters, np.inf)
    np.minimum.at(nearest, assigned, distance)
    # In float64, and yet with some slack: two samples of a cluster are always equally near.
    central = np.flatnonzero(distance <= nearest[assigned] * (1 + 1e-9))
    return central[np.unique(assigned[central], return_index=True)[1]]


def kmeans_memory(n: int, d: int, n_clusters: int) -> int:
    """Return about how many bytes it takes to scale and cluster (n, d), central samples too."""
    return 24 * n * d + 4 * n * n_clusters


def most_clusters(classes: NDArray[np.int64], constraint: Constraint) -> int:
    """Return how many clusters can all hold a sample under the constraint."""
    if constraint != "must_link":
        return len(classes)
    unlabelled = int((classes == UNKNOWN).sum())
    return unlabelled + len(np.unique(classes[classes != UNKNOWN]))


def kmeans_plusplus(
    x: NDArray[np.float32],
    n_clusters: int,
    rng: np.random.Generator,
    weight: NDArray[np.int64] | None = None,
) -> NDArray[np.float32]:
    """Draw rows as first centres, (K, D), by k-means++ (Arthur and Vassilvitskii 2007).

    A row's probability is in proportion to its weight (N,) times its squared distance to the
    nearest centre so far.
    Our own, because scikit-learn's takes 1.6 s to import, longer than most clusterings take. One
    row is drawn a centre, not the best of 2 + log K as there: each trial costs a pass over all.
    """
    if weight is None:
        weight = np.ones(len(x), dtype=np.int64)
    norms = _squared_norms(x)
    chosen = [int(rng.integers(len(x)))]
    nearest = np.full(len(x), np.inf, dtype=np.float32)
    while len(chosen) < n_clusters:
        last = chosen[-1]
        np.minimum(nearest, norms + norms[last] - x @ (2 * x[last]), out=nearest)
        nearest[last] = 0
        np.maximum(nearest, 0, out=nearest)
        # Where all rows coincide with a centre, any will do: `_fill_empty` sorts it out.
        chances = weight * (nearest if nearest.any() else np.ones_like(nearest))
        ends = np.cumsum(chances, dtype=np.float64)
        drawn = int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))
        chosen.append(min(drawn, len(x) - 1))
    return x[chosen]


def lloyd(
    x: NDArray[np.float32],
    centres: NDArray[np.float32],
    classes: NDArray[np.int64],
    constraint: Constraint,
    iterations: int,
    weight: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], float]:
    """Alternate assignment and means until nothing changes; return clusters and inertia."""
    if weight is None:
        weight = np.ones(len(x), dtype=np.int64)
    everyone, n_clusters = np.arange(len(x)), len(centres)
    norms = _squared_norms(x)
    known = np.flatnonzero(classes != UNKNOWN)
    present, row = np.unique(classes[known], return_inverse=True)
    if len(present) > n_clusters:
        raise ValueError(f"{n_clusters} clusters cannot keep {len(present)} classes apart")
    assigned = np.full(len(x), -1)
    # In one piece: a threaded product of many blocks waits for its slower thread in each.
    distance = np.empty((len(x), n_clusters), dtype=np.float32)
    for _ in range(iterations):
        # Less the norm of the row, which does not change what is nearest.
        np.matmul(x, -2 * centres.T, out=distance)
        distance += _squared_norms(centres)
        previous, assigned = assigned, distance.argmin(axis=1)
        if len(known):
            near = distance[known] + norms[known, None]
            assigned[known] = _assign_labelled(near, row, len(present), constraint)
        own = np.maximum(distance[everyone, assigned] + norms, 0)
        _fill_empty(assigned, own, n_clusters, classes, constraint)
        if np.array_equal(previous, assigned):
            break
        centres = group_means(x, assigned, n_clusters, weight)
    offset = x - centres[assigned]
    return assigned, float((weight * _squared_norms(offset)).sum(dtype=np.float64))


def _squared_norms(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.einsum("nd,nd->n", x, x)


def group_means(
    x: NDArray[np.float32],
    assigned: NDArray[np.int64],
    n_clusters: int,
    weight: NDArray[np.int64] | None = None,
) -> NDArray[np.float32]:
    """Return the mean (K, D) of the rows of each cluster, by their weights, one without."""
    if weight is None:
        weight = np.ones(len(x), dtype=np.int64)
    return _means(x, assigned, n_clusters, weight).astype(np.float32)


def _means(
    x: NDArray[np.float32],
    assigned: NDArray[np.int64],
    n_clusters: int,
    weight: NDArray[np.int64],
) -> NDArray[np.float64]:
    sizes = np.bincount(assigned, weight, minlength=n_clusters)
    means: NDArray[np.float64] = _sums(x, assigned, n_clusters, weight) / sizes[:, None]
    return means


def _sums(
    x: NDArray[np.float32],
    group: NDArray[np.int64],
    n_groups: int,
    weight: NDArray[np.int64],
    block: int = 2048,
) -> NDArray[np.float64]:
    """Return the sum (n_groups, D) of the rows of each group, times their weights, in float64."""
    from scipy.sparse import csc_array

    sums = np.zeros((n_groups, x.shape[1]))
    for start in range(0, len(x), block):  # so that only a block is held in float64
        rows = x[start : start + block].astype(np.float64)
        n, some = len(rows), slice(start, start + block)
        column = (weight[some].astype(np.float64), group[some], np.arange(n + 1))
        sums += csc_array(column, shape=(n_groups, n)) @ rows
    return sums


def _assign_labelled(
    distance: NDArray[np.float32], row: NDArray[np.int64], n_classes: int, constraint: Constraint
) -> NDArray[np.int64]:
    """Give clusters to classes, and each labelled sample to its nearest cluster of its class.

    Each class first owns one cluster, together the cheapest, so that the constraint can always be
    met. A further cluster goes to the class whose sample, of those that want it most, is closest.
    """
    from scipy.optimize import linear_sum_assignment

    cost = _sums(distance, row, n_classes, np.ones(len(row), dtype=np.int64))
    if constraint == "cannot_link":  # one cluster need not hold all of a class
        cost /= np.bincount(row)[:, None]
    owner = np.full(distance.shape[1], -1)
    rows, columns = linear_sum_assignment(cost)
    owner[columns] = rows
    if constraint == "must_link":
        return columns[row]
    wanted, left = np.empty_like(row), np.arange(len(row))
    while len(left):
        allowed = (owner == row[left, None]) | (owner == -1)
        wanted[left] = np.where(allowed, distance[left], np.inf).argmin(axis=1)
        claims = left[owner[wanted[left]] == -1]
        # Farthest claim first, so that the closest is the one that stays.
        claims = claims[np.argsort(-distance[claims, wanted[claims]], kind="stable")]
        owner[wanted[claims]] = row[claims]
        left = left[owner[wanted[left]] != row[left]]
    return wanted


def _fill_empty(
    assigned: NDArray[np.int64],
    own: NDArray[np.float32],
    n_clusters: int,
    classes: NDArray[np.int64],
    constraint: Constraint,
) -> None:
    """Move, for each empty cluster, the sample farthest from its own centre there, in place.

    `own` (N,) is each sample's squared distance to its own centre. Of a sample moved it becomes
    0, because alone in its cluster it will be the centre.
    """
    sizes = np.bincount(assigned, minlength=n_clusters)
    for empty in np.flatnonzero(sizes == 0):
        movable = sizes[assigned] > 1
        if constraint == "must_link":
            movable &= classes == UNKNOWN
        moved = np.where(movable, own, -1).argmax()
        sizes[assigned[moved]] -= 1
        sizes[empty] += 1
        assigned[moved], own[moved] = empty, 0
