"""Clustering pseudo-labels (Alg. 2): constrained k-means, then splits of confusing clusters.

The clusters stand in for the unknown classes of the pool. Labelled samples of different classes
never share a cluster ("cannot-link", Wagstaff et al. 2001, "Constrained k-means clustering with
background knowledge"), and the clusters on whose samples the classifier disagrees are split.
"""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ntkcpl.artifacts import Clusters
from ntkcpl.scaling import Scaling, scale_embedding
from ntkcpl.settings import Settings

Constraint = Literal["none", "cannot_link", "must_link"]
UNKNOWN = -1  # class of an unlabelled sample, and of a cluster without labelled samples
MIXED = -2  # class of a cluster with labelled samples of several classes

PositiveInt = Annotated[int, Field(ge=1)]


class Clustering(Settings):
    """What `cluster_pool` does before a round."""

    feature: Literal["self", "al"]
    """Cluster the self-supervised embedding, or the hidden units of the last classifier."""
    scaling: Scaling
    candidates: PositiveInt | Literal["all"]
    """Size of the random part of the unlabelled pool that is considered."""
    constraint: Constraint
    n_initial: PositiveInt
    """Clusters of the constrained k-means (C₀)."""
    n_clusters: PositiveInt
    """Clusters after splitting (N_clu)."""
    starts: PositiveInt
    """Starts of k-means, of which the one with the smallest inertia is kept."""

    def cluster(
        self,
        feature: NDArray[np.floating],
        labelled: NDArray[np.int64],
        label: NDArray[np.int64],
        predicted: NDArray[np.int64] | None,
        rng: np.random.Generator,
    ) -> Clusters:
        """Give pseudo-labels to a random part of the pool and to all labelled samples (Alg. 2).

        Parameters
        ----------
        feature : float (N, D)
            What to cluster.
        labelled, label : int64 (L,)
            Pool indices of the labelled samples, and their classes.
        predicted : int64 (N,), optional
            Classes that the last classifier predicts; without them no sample is confusing, and
            the largest clusters are split.
        rng
            Draws the candidates and the starts.

        Raises
        ------
        ValueError
            If a row of `feature` is not finite (the message names it), or if there are fewer
            samples than clusters are needed to keep the classes apart.
        """
        bad = np.flatnonzero(~np.isfinite(feature).all(axis=1))
        if len(bad):
            raise ValueError(f"row {bad[0]} of the features to cluster is not finite")
        index = self._considered(len(feature), labelled, rng)
        classes = np.full(len(feature), UNKNOWN)
        classes[labelled] = label
        known = np.zeros(len(index), dtype=np.int64) if predicted is None else predicted[index]
        known = np.where(classes[index] == UNKNOWN, known, classes[index])
        # A first batch smaller than the number of classes must not make the constraint impossible.
        fewest = len(np.unique(label)) if self.constraint != "none" else 1
        most = _most_clusters(classes[index], self.constraint)
        n_initial = min(max(self.n_initial, fewest), most)
        n_clusters = min(max(self.n_clusters, n_initial), most)

        x = scale_embedding(feature[index], self.scaling)
        assigned = constrained_kmeans(
            x, n_initial, rng, classes[index], self.constraint, self.starts
        )
        splits = split_confusing(x, assigned, n_clusters, known, classes[index], self.constraint)
        return Clusters(
            index=index,
            pseudo_label=assigned,
            labelled=labelled,
            labelled_class=labelled_classes(assigned, classes[index]),
            splits=splits,
        )

    def _considered(
        self, n: int, labelled: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        unlabelled = np.setdiff1d(np.arange(n), labelled)
        if self.candidates != "all" and self.candidates < len(unlabelled):
            unlabelled = rng.choice(unlabelled, self.candidates, replace=False)
        return np.sort(np.concatenate([unlabelled, labelled]))


def labelled_classes(assigned: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class of the labelled samples in each cluster (K,), UNKNOWN, or MIXED."""
    result = np.full(assigned.max() + 1, UNKNOWN)
    for cluster, known in np.unique(
        np.column_stack([assigned, classes])[classes != UNKNOWN], axis=0
    ):
        result[cluster] = known if result[cluster] == UNKNOWN else MIXED
    return result


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
    most = _most_clusters(classes, constraint)
    if not fewest <= n_clusters <= most:
        raise ValueError(
            f"{n_clusters} clusters asked for, but {len(x)} samples with the constraint "
            f"{constraint} need at least {fewest} and at most {most}"
        )
    best, smallest = None, np.inf
    for _ in range(starts):
        centres = kmeans_plusplus(x, n_clusters, rng)
        assigned, inertia = _lloyd(x, centres, classes, constraint, iterations)
        if inertia < smallest:
            best, smallest = assigned, inertia
    assert best is not None
    return best


def _most_clusters(classes: NDArray[np.int64], constraint: Constraint) -> int:
    """Return how many clusters can all hold a sample."""
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
    nearest = _squared_distances(x, x[chosen])[:, 0].astype(np.float64)
    while len(chosen) < n_clusters:
        # Where all rows coincide with a centre, any will do: `_fill_empty` sorts it out.
        weights = nearest if nearest.any() else np.ones(len(x))
        ends = np.cumsum(weights)
        drawn = int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))
        chosen.append(min(drawn, len(x) - 1))
        distance = _squared_distances(x, x[chosen[-1:]])[:, 0]
        nearest = np.minimum(nearest, distance)
        nearest[chosen[-1]] = 0
    return x[chosen]


def _lloyd(
    x: NDArray[np.float32],
    centres: NDArray[np.float32],
    classes: NDArray[np.int64],
    constraint: Constraint,
    iterations: int,
) -> tuple[NDArray[np.int64], float]:
    """Alternate assignment and means until nothing changes; return clusters and inertia."""
    assigned = np.full(len(x), -1)
    for _ in range(iterations):
        distance = _squared_distances(x, centres)
        previous, assigned = assigned, _assign(distance, classes, constraint)
        _fill_empty(assigned, distance, classes, constraint)
        if np.array_equal(previous, assigned):
            break
        centres = _means(x, assigned, len(centres))
    distance = _squared_distances(x, centres)
    return assigned, float(distance[np.arange(len(x)), assigned].sum(dtype=np.float64))


def _squared_distances(x: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
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


def split_confusing(
    x: NDArray[np.float32],
    assigned: NDArray[np.int64],
    n_clusters: int,
    predicted: NDArray[np.int64],
    classes: NDArray[np.int64],
    constraint: Constraint,
) -> dict[str, NDArray[np.int64]]:
    """Split the most confusing clusters, in place, until there are `n_clusters` (Alg. 2).

    The confusing samples of a cluster are those whose prediction is not its most frequent one. A
    split starts two-means from the mean of the others and the mean of the confusing samples, and
    cannot lower the share of samples whose prediction is their cluster's most frequent. Ties go
    to the larger, then to the lower-numbered cluster. A cluster whose samples coincide cannot be
    split; if none can, there will be fewer clusters.

    Parameters
    ----------
    x : float32 (N, D)
        Samples.
    assigned : int64 (N,)
        Cluster of each; changed in place: the larger part keeps its number.
    n_clusters
        Number of clusters wanted.
    predicted : int64 (N,)
        Class of each sample: its label, or the prediction of the classifier.
    classes, constraint
        As for `constrained_kmeans`.

    Returns
    -------
    dict of int64 (S,)
        A row for each split: parent, child, confusing (before the split), size (before).
    """
    log: list[tuple[int, int, int, int]] = []
    count = int(assigned.max()) + 1
    state = [_confusion(assigned == cluster, predicted) for cluster in range(count)]
    while count < n_clusters:
        parent = max(range(count), key=lambda cluster: (*state[cluster], -cluster))
        confusing, size = state[parent]
        if size < 2:
            break
        members = np.flatnonzero(assigned == parent)
        part = _bisect(x[members], predicted[members], classes[members], constraint)
        if part is None:
            state[parent] = (-1, -1)  # cannot be split
            continue
        assigned[members[part]] = count
        log.append((parent, count, confusing, size))
        state[parent] = _confusion(assigned == parent, predicted)
        state.append(_confusion(assigned == count, predicted))
        count += 1
    table = np.array(log, dtype=np.int64).reshape(-1, 4)
    names = ("parent", "child", "confusing", "size")
    return {name: table[:, column] for column, name in enumerate(names)}


def _confusion(members: NDArray[np.bool_], predicted: NDArray[np.int64]) -> tuple[int, int]:
    """Return the number of confusing samples among `members`, and of all."""
    frequent = np.bincount(predicted[members])
    return int(frequent.sum() - frequent.max()), int(frequent.sum())


def _bisect(
    x: NDArray[np.float32],
    predicted: NDArray[np.int64],
    classes: NDArray[np.int64],
    constraint: Constraint,
    iterations: int = 100,
) -> NDArray[np.bool_] | None:
    """Return which samples form the smaller of two parts, or None where it cannot be split."""
    if (x == x[0]).all() or _most_clusters(classes, constraint) < 2:
        return None
    confusing = predicted != np.bincount(predicted).argmax()
    if not confusing.any():  # then by the farthest sample from the mean
        confusing[_squared_distances(x, x.mean(axis=0, keepdims=True)).argmax()] = True
    centres = np.stack([x[~confusing].mean(axis=0), x[confusing].mean(axis=0)])
    assigned, _ = _lloyd(x, centres, classes, constraint, iterations)
    second = assigned == 1
    return second if 2 * second.sum() <= len(x) else ~second
