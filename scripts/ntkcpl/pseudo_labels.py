"""Clustering pseudo-labels (Alg. 2): constrained k-means, then splits of confusing clusters.

The clusters stand in for the unknown classes of the pool. Those on whose samples the classifier
disagrees are split.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ntkcpl.candidates import (
    Candidates,
    consider,
    considering_memory,
    number_considered,
)
from ntkcpl.geometry.kmeans import (
    UNKNOWN,
    Constraint,
    constrained_kmeans,
    kmeans_memory,
    lloyd,
    most_clusters,
)
from ntkcpl.geometry.scaling import Scaling, scale_embedding
from ntkcpl.head import asking_memory
from ntkcpl.pool import Pool
from ntkcpl.records import Clusters
from ntkcpl.settings import Count, Repeats, Settings

MIXED = -2  # class of a cluster with labelled samples of several classes


class Clustering(Settings):
    """What `cluster_pool` does before a round."""

    feature: Literal["self", "al"]
    """Cluster the self-supervised embedding, or the hidden units of the last classifier."""
    scaling: Scaling
    candidates: Candidates
    """What is considered of the unlabelled pool."""
    constraint: Constraint
    n_initial: Count | Literal["classes"]
    """Clusters of the constrained k-means (C₀), or as many as there are classes."""
    n_clusters: Count | Literal["classes"]
    """Clusters after splitting (N_clu)."""
    starts: Repeats
    """Starts of k-means, of which the one ahead after some iterations is kept."""

    def memory(self, n: int, d: int, labels: int = 0) -> int:
        """Return about how many bytes `cluster` takes at its peak, beside the embedding.

        The parameters are those of `Strategy.memory`.
        """
        m = number_considered(self.candidates, n, labels)
        # Of more classes than dimensions there is no telling yet.
        n_clusters = d if self.n_clusters == "classes" else self.n_clusters
        considering = considering_memory(self.candidates, n, d, labels)
        # The classifier has answered, maybe with the hidden units, before k-means begins.
        clustering = 4 * m * d + kmeans_memory(m, d, n_clusters)
        return max(considering, asking_memory(m, d), clustering)

    def cluster(
        self, pool: Pool, rng: np.random.Generator, n_classes: int | None = None
    ) -> Clusters:
        """Give pseudo-labels to the candidates and to all labelled samples (Alg. 2).

        Parameters
        ----------
        pool
            What is known. Without a classifier the embedding is clustered, no sample is
            confusing, and the largest clusters are split.
        rng
            Draws the candidates and the starts.
        n_classes
            Number of classes, where there are to be as many clusters. It is known before any
            label is: the classifier has so many outputs.

        Raises
        ------
        ValueError
            If there are fewer samples than clusters are needed to keep the classes apart, or if the
            number of classes is needed and not given.
        """
        labelled = pool.labelled
        pool, index = consider(pool, self.candidates, rng)
        everything = np.arange(len(index))
        classes = np.full(len(index), UNKNOWN)
        classes[pool.labelled] = pool.label
        predicted = np.zeros(len(index), dtype=np.int64)
        feature = pool.embedding
        if pool.head is not None:
            predicted = pool.predicted(everything)
            if self.feature == "al":
                feature = pool.hidden(everything)
        known = np.where(classes == UNKNOWN, predicted, classes)
        # A first batch smaller than the number of classes must not make the constraint impossible.
        fewest = len(np.unique(pool.label)) if self.constraint != "none" else 1
        most = most_clusters(classes, self.constraint)
        n_initial = min(max(_number(self.n_initial, n_classes), fewest), most)
        n_clusters = min(max(_number(self.n_clusters, n_classes), n_initial), most)

        x = scale_embedding(feature, self.scaling, pool.weight)
        assigned = constrained_kmeans(
            x, n_initial, rng, classes, self.constraint, self.starts, weight=pool.weight
        )
        splits = split_confusing(
            x, assigned, n_clusters, known, classes, self.constraint, pool.weight
        )
        return Clusters(
            index=index,
            pseudo_label=assigned,
            labelled=labelled,
            labelled_class=labelled_classes(assigned, classes),
            splits=splits,
            weight=pool.weight,
        )


def _number(clusters: int | Literal["classes"], n_classes: int | None) -> int:
    if clusters != "classes":
        return clusters
    if n_classes is None:
        raise ValueError("there are to be as many clusters as classes, which are not known")
    return n_classes


def merge_known(clusters: Clusters) -> Clusters:
    """Merge the clusters whose labelled samples are of one and the same class."""
    known = np.flatnonzero(clusters.labelled_class >= 0)
    _, first, rank = np.unique(
        clusters.labelled_class[known], return_index=True, return_inverse=True
    )
    target = np.arange(clusters.n_clusters)
    target[known] = known[first[rank]]
    kept, target = np.unique(target, return_inverse=True)
    return replace(
        clusters,
        pseudo_label=target[clusters.pseudo_label],
        labelled_class=clusters.labelled_class[kept],
    )


def labelled_classes(assigned: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class of the labelled samples in each cluster (K,), UNKNOWN, or MIXED."""
    result = np.full(assigned.max() + 1, UNKNOWN)
    for cluster, known in np.unique(
        np.column_stack([assigned, classes])[classes != UNKNOWN], axis=0
    ):
        result[cluster] = known if result[cluster] == UNKNOWN else MIXED
    return result


def split_confusing(
    x: NDArray[np.float32],
    assigned: NDArray[np.int64],
    n_clusters: int,
    predicted: NDArray[np.int64],
    classes: NDArray[np.int64],
    constraint: Constraint,
    weight: NDArray[np.int64] | None = None,
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
    classes, constraint, weight
        As for `constrained_kmeans`; samples are counted by their weights.

    Returns
    -------
    dict of int64 (S,)
        A row for each split: parent, child, confusing (before the split), size (before).
    """
    if constraint == "none":
        classes = np.full(len(x), UNKNOWN)
    if weight is None:
        weight = np.ones(len(x), dtype=np.int64)
    log: list[tuple[int, int, int, int]] = []
    count = int(assigned.max()) + 1
    state = [_confusion(assigned == cluster, predicted, weight) for cluster in range(count)]
    while count < n_clusters:
        parent = max(range(count), key=lambda cluster: (*state[cluster], -cluster))
        confusing, size = state[parent]
        if size < 0:  # none is left that can be split
            break
        members = np.flatnonzero(assigned == parent)
        part = _bisect(
            x[members], predicted[members], classes[members], constraint, weight[members]
        )
        if part is None:
            state[parent] = (-1, -1)  # cannot be split
            continue
        assigned[members[part]] = count
        log.append((parent, count, confusing, size))
        state[parent] = _confusion(assigned == parent, predicted, weight)
        state.append(_confusion(assigned == count, predicted, weight))
        count += 1
    table = np.array(log, dtype=np.int64).reshape(-1, 4)
    names = ("parent", "child", "confusing", "size")
    return {name: table[:, column] for column, name in enumerate(names)}


def _confusion(
    members: NDArray[np.bool_], predicted: NDArray[np.int64], weight: NDArray[np.int64]
) -> tuple[int, int]:
    """Return the number of confusing samples among `members`, and of all, by their weights."""
    frequent = np.bincount(predicted[members], weight[members])
    return int(frequent.sum() - frequent.max()), int(frequent.sum())


def _bisect(
    x: NDArray[np.float32],
    predicted: NDArray[np.int64],
    classes: NDArray[np.int64],
    constraint: Constraint,
    weight: NDArray[np.int64],
    iterations: int = 100,
) -> NDArray[np.bool_] | None:
    """Return which samples form the smaller of two parts, or None where it cannot be split."""
    if (x == x[0]).all() or most_clusters(classes, constraint) < 2:
        return None
    confusing = predicted != np.bincount(predicted, weight).argmax()
    if not confusing.any():  # then by the farthest sample from the mean
        mean = np.average(x, axis=0, weights=weight).astype(x.dtype)
        confusing[np.linalg.norm(x - mean, axis=1).argmax()] = True
    centres = np.stack(
        [np.average(x[part], axis=0, weights=weight[part]) for part in (~confusing, confusing)]
    ).astype(x.dtype)
    assigned, _ = lloyd(x, centres, classes, constraint, iterations, weight)
    second = assigned == 1
    return second if 2 * weight[second].sum() <= weight.sum() else ~second
