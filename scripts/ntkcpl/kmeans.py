"""K-means under constraints between labelled samples (COP-k-means).

Labelled samples of different classes never share a cluster ("cannot-link", Wagstaff et al. 2001,
"Constrained k-means clustering with background knowledge").
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Constraint = Literal["none", "cannot_link", "must_link"]
UNKNOWN = -1  # class of an unlabelled sample, and of a cluster without labelled samples


def constrained_kmeans(
    x: NDArray[np.float32],
    n_clusters: int,
    rng: np.random.Generator,
    classes: NDArray[np.int64] | None = None,
    constraint: Constraint = "none",
    starts: int = 3,
    iterations: int = 100,
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
        Number of starts, and of iterations at most in each.

    Returns
    -------
    int64 (N,)
        Cluster of each sample, of the start with the smallest inertia.

    Raises
    ------
    ValueError
        If there are more clusters than samples, or fewer than the constraint needs.

    Notes
    -----
    Memory: two (N, K) float32 arrays.
    """
    if classes is None or constraint == "none":
        classes = np.full(len(x), UNKNOWN)
    fewest = max(1, len(np.unique(classes[classes != UNKNOWN])))
    most = most_clusters(classes, constraint)
    if not fewest <= n_clusters <= most:
        raise ValueError(
            f"{n_clusters} clusters asked for, but {len(x)} samples with the constraint "
            f"{constraint} need at least {fewest} and at most {most}"
        )
    best, smallest = None, np.inf
    for _ in range(starts):
        centres = kmeans_plusplus(x, n_clusters, rng)
        assigned, inertia = lloyd(x, centres, classes, constraint, iterations)
        if inertia < smallest:
            best, smallest = assigned, inertia
    assert best is not None
    return best


def most_clusters(classes: NDArray[np.int64], constraint: Constraint) -> int:
    """Return how many clusters can all hold a sample under the constraint."""
    if constraint != "must_link":
        return len(classes)
    unlabelled = int((classes == UNKNOWN).sum())
    return unlabelled + len(np.unique(classes[classes != UNKNOWN]))


def kmeans_plusplus(
    x: NDArray[np.float32], n_clusters: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw rows as first centres, (K, D), by k-means++ (Arthur and Vassilvitskii 2007).

    A row's probability is in proportion to its squared distance to the nearest centre so far.
    Our own, because scikit-learn's takes 1.6 s to import, longer than most clusterings take.
    """
    chosen = [int(rng.integers(len(x)))]
    nearest = squared_distances(x, x[chosen])[:, 0].astype(np.float64)
    while len(chosen) < n_clusters:
        # Where all rows coincide with a centre, any will do: `_fill_empty` sorts it out.
        weights = nearest if nearest.any() else np.ones(len(x))
        ends = np.cumsum(weights)
        drawn = int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))
        chosen.append(min(drawn, len(x) - 1))
        distance = squared_distances(x, x[chosen[-1:]])[:, 0]
        nearest = np.minimum(nearest, distance)
        nearest[chosen[-1]] = 0
    return x[chosen]


def lloyd(
    x: NDArray[np.float32],
    centres: NDArray[np.float32],
    classes: NDArray[np.int64],
    constraint: Constraint,
    iterations: int,
) -> tuple[NDArray[np.int64], float]:
    """Alternate assignment and means until nothing changes; return clusters and inertia."""
    assigned = np.full(len(x), -1)
    for _ in range(iterations):
        distance = squared_distances(x, centres)
        previous, assigned = assigned, _assign(distance, classes, constraint)
        _fill_empty(assigned, distance, classes, constraint)
        if np.array_equal(previous, assigned):
            break
        centres = _means(x, assigned, len(centres))
    distance = squared_distances(x, centres)
    return assigned, float(distance[np.arange(len(x)), assigned].sum(dtype=np.float64))


def squared_distances(x: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the squared distance (N, K) of each row to each centre."""
    distance = x @ (-2 * centres.T)
    distance += np.einsum("nd,nd->n", x, x)[:, None]
    distance += np.einsum("kd,kd->k", centres, centres)
    return np.maximum(distance, 0, out=distance)


def _means(
    x: NDArray[np.float32], assigned: NDArray[np.int64], n_clusters: int
) -> NDArray[np.float32]:
    order = np.argsort(assigned, kind="stable")
    starts = np.searchsorted(assigned[order], np.arange(n_clusters))
    sums = np.add.reduceat(x[order].astype(np.float64), starts)
    sizes = np.bincount(assigned, minlength=n_clusters)
    return (sums / sizes[:, None]).astype(np.float32)


def _assign(
    distance: NDArray[np.float32], classes: NDArray[np.int64], constraint: Constraint
) -> NDArray[np.int64]:
    """Assign each sample to its nearest cluster that the constraint leaves it."""
    assigned = distance.argmin(axis=1)
    known = np.flatnonzero(classes != UNKNOWN)
    if len(known):
        present, row = np.unique(classes[known], return_inverse=True)
        assigned[known] = _assign_labelled(distance[known], row, len(present), constraint)
    return assigned


def _assign_labelled(
    distance: NDArray[np.float32], row: NDArray[np.int64], n_classes: int, constraint: Constraint
) -> NDArray[np.int64]:
    """Give clusters to classes, and each labelled sample to its nearest cluster of its class.

    Each class first owns one cluster, together the cheapest, so that the constraint can always be
    met. A further cluster goes to the class whose sample, of those that want it most, is closest.
    """
    from scipy.optimize import linear_sum_assignment

    cost = np.zeros((n_classes, distance.shape[1]))
    np.add.at(cost, row, distance)
    if constraint == "cannot_link":  # one cluster need not hold all of a class
        cost /= np.bincount(row)[:, None]
    owner = np.full(distance.shape[1], -1)
    rows, columns = linear_sum_assignment(cost)
    owner[columns] = rows
    if constraint == "must_link":
        return columns[row]
    while True:
        allowed = (owner == row[:, None]) | (owner == -1)
        reachable = np.where(allowed, distance, np.inf)
        wanted = reachable.argmin(axis=1)
        claims = np.flatnonzero(owner[wanted] == -1)
        if not len(claims):
            return wanted
        # Farthest claim first, so that the closest is the one that stays.
        claims = claims[np.argsort(-distance[claims, wanted[claims]], kind="stable")]
        owner[wanted[claims]] = row[claims]


def _fill_empty(
    assigned: NDArray[np.int64],
    distance: NDArray[np.float32],
    classes: NDArray[np.int64],
    constraint: Constraint,
) -> None:
    """Move, for each empty cluster, the sample farthest from its own centre there, in place."""
    sizes = np.bincount(assigned, minlength=distance.shape[1])
    for empty in np.flatnonzero(sizes == 0):
        own = distance[np.arange(len(assigned)), assigned].astype(np.float64)
        movable = sizes[assigned] > 1
        if constraint == "must_link":
            movable &= classes == UNKNOWN
        own[~movable] = -1
        moved = own.argmax()
        sizes[assigned[moved]] -= 1
        sizes[empty] += 1
        assigned[moved] = empty
