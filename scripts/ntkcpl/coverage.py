"""What NTKCPL estimates, what is true, and what the difference is made of (section 3.3).

The symbols are the paper's: y is the true class of an image, y_cpl its pseudo-label, f the trained
classifier, f̂_y kernel regression on the true classes of the labelled images, f̂_cpl that on their
pseudo-labels, and g the mapping of clusters to the true classes that dominate them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ntkcpl.estimate import estimate_accuracy
from ntkcpl.pool import Pool
from ntkcpl.pseudo_labels import merge_known
from ntkcpl.records import Classifier, Clusters, Features
from ntkcpl.regression.direct import regress
from ntkcpl.regression.incremental import covered
from ntkcpl.seeding import Identity
from ntkcpl.strategies.ntkcpl import NTKCPL

UNKNOWN = -1  # class of a cluster without a label


def dominant_class(
    pseudo_label: NDArray[np.int64],
    label: NDArray[np.int64],
    n_clusters: int,
    weight: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the most frequent class of each cluster, of equal ones the lowest: the paper's g.

    Parameters
    ----------
    pseudo_label, label : int64 (N,)
        Cluster and class of each image.
    n_clusters
        Number of clusters K.
    weight : int64 (N,)
        How many images each stands for.

    Returns
    -------
    int64 (K,)
        `UNKNOWN` for clusters without an image.
    """
    counts = np.zeros((n_clusters, label.max(initial=0) + 1), dtype=np.int64)
    np.add.at(counts, (pseudo_label, label), weight)
    return np.where(counts.any(axis=1), counts.argmax(axis=1), UNKNOWN)


def join_clusters(
    outputs: NDArray[np.float64], dominant: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Add up the outputs for the clusters that one class dominates (eq. 6).

    Parameters
    ----------
    outputs : float64 (N, K)
        f̂_cpl.
    dominant : int64 (K,)
        Class of each cluster; one of `UNKNOWN` class stays by itself.

    Returns
    -------
    joined : float64 (N, J), column : int64 (K,)
        The sums, and which of them each cluster went into.
    """
    alone = dominant.max(initial=UNKNOWN) + 1 + np.arange(len(dominant))
    _, column = np.unique(np.where(dominant == UNKNOWN, alone, dominant), return_inverse=True)
    return outputs @ np.eye(column.max() + 1)[column], column


@dataclass(frozen=True)
class Predictions:
    """What is true, and what is predicted, of the N images that a round considered.

    Losses are 0 or 1. A regression is right where the output of the class is strictly the largest.
    Shares are in [0, 1], of all images unless said otherwise, each counted as many times as there
    are images that it stands for.

    Attributes
    ----------
    label : int64 (N,)
        True classes y.
    pseudo_label : int64 (N,)
        Clusters y_cpl, in [0, K).
    classifier : int64 (N,)
        Classes that the trained classifier f predicts.
    by_label : float64 (N, C)
        Outputs of f̂_y.
    by_cluster : float64 (N, K)
        Outputs of f̂_cpl.
    labelled : int64 (L,)
        Rows whose classes the strategy knows.
    weight : int64 (N,)
        How many images of the pool each row stands for.
    """

    label: NDArray[np.int64]
    pseudo_label: NDArray[np.int64]
    classifier: NDArray[np.int64]
    by_label: NDArray[np.float64]
    by_cluster: NDArray[np.float64]
    labelled: NDArray[np.int64]
    weight: NDArray[np.int64]

    def share(self, images: NDArray[np.bool_]) -> float:
        """Return the share of some images, (N,)."""
        return float(self.weight[images].sum() / self.weight.sum())

    @cached_property
    def dominant(self) -> NDArray[np.int64]:
        """The class g(k) that dominates each cluster k, by the true classes of all images, (K,)."""
        return dominant_class(self.pseudo_label, self.label, self.by_cluster.shape[1], self.weight)

    @cached_property
    def classifier_right(self) -> NDArray[np.bool_]:
        """Where f is right about y, (N,)."""
        return self.classifier == self.label

    @cached_property
    def label_right(self) -> NDArray[np.bool_]:
        """Where f̂_y is right about y, (N,)."""
        return covered(self.by_label, self.label)

    @cached_property
    def cluster_right(self) -> NDArray[np.bool_]:
        """Where f̂_cpl is right about y_cpl, (N,): what the paper holds for covered."""
        return covered(self.by_cluster, self.pseudo_label)

    @property
    def purity(self) -> float:
        """Share of images whose class dominates their cluster: g(y_cpl) = y."""
        return self.share(self.dominant[self.pseudo_label] == self.label)

    @property
    def mapped(self) -> float:
        """Estimated coverage after g (eq. 6), by the classes known to the strategy only.

        Clusters dominated by one class, as far as labels are held, are one; where a cluster has no
        label it stays by itself.
        """
        known = dominant_class(
            self.pseudo_label[self.labelled],
            self.label[self.labelled],
            self.by_cluster.shape[1],
            self.weight[self.labelled],
        )
        joined, column = join_clusters(self.by_cluster, known)
        return self.share(covered(joined, column[self.pseudo_label]))

    @property
    def claim(self) -> float:
        """Share for which argmax f̂_y = g(argmax f̂_cpl) (section 3.3, Fig. 6)."""
        answer = self.dominant[self.by_cluster.argmax(axis=1)]
        return self.share(self.by_label.argmax(axis=1) == answer)

    @property
    def error(self) -> float:
        """How often the estimate is wrong: mean |Loss(f, y) - Loss(f̂_cpl, y_cpl)| (eq. 5, left)."""
        return self.share(self.classifier_right != self.cluster_right)

    @property
    def error_ntk(self) -> float:
        """What kernel regression adds: mean |Loss(f, y) - Loss(f̂_y, y)| (eq. 5, first term)."""
        return self.share(self.classifier_right != self.label_right)

    @property
    def error_cpl(self) -> float:
        """What pseudo-labels add: mean |Loss(f̂_y, y) - Loss(f̂_cpl, y_cpl)| (eq. 5, second term).

        It is `p_nff` + `p_fnf` (eq. 7), and `error` is at most `error_ntk` + `error_cpl`.
        """
        return self.share(self.label_right != self.cluster_right)

    @cached_property
    def _nff(self) -> NDArray[np.bool_]:
        return ~self.label_right & self.cluster_right

    @cached_property
    def _fnf(self) -> NDArray[np.bool_]:
        return self.label_right & ~self.cluster_right

    @property
    def p_nff(self) -> float:
        """Share where f̂_y is wrong about y, but f̂_cpl right about y_cpl (eq. 7)."""
        return self.share(self._nff)

    @property
    def p_fnf(self) -> float:
        """Share where f̂_y is right about y, but f̂_cpl wrong about y_cpl (eq. 7)."""
        return self.share(self._fnf)

    @property
    def impurity(self) -> float:
        """Share of the `p_nff` images that are impure: g(y_cpl) ≠ y (Fig. 7); NaN without any."""
        impure = self.dominant[self.pseudo_label] != self.label
        return self._share_of(impure, self._nff)

    @property
    def over_clustering(self) -> float:
        """Share of the `p_fnf` images whose class has two clusters (Fig. 8); NaN without any.

        Those are y_cpl and argmax f̂_cpl, of which y is the dominant class (appendix 6.1).
        """
        answer = self.by_cluster.argmax(axis=1)
        twice = (self.dominant[self.pseudo_label] == self.label) & (
            self.dominant[answer] == self.label
        )
        return self._share_of(twice & (answer != self.pseudo_label), self._fnf)

    def _share_of(self, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
        return self.share(part & whole) / self.share(whole) if whole.any() else float("nan")

    def shares(self) -> dict[str, float]:
        """Return all shares, as columns of `measure_coverage`."""
        return {
            "purity": self.purity,
            "estimated": self.share(self.cluster_right),
            "mapped": self.mapped,
            "true": self.share(self.label_right),
            "classifier": self.share(self.classifier_right),
            "claim": self.claim,
            "error": self.error,
            "error_ntk": self.error_ntk,
            "error_cpl": self.error_cpl,
            "bound": self.error_ntk + self.error_cpl,
            "p_nff": self.p_nff,
            "p_fnf": self.p_fnf,
            "impurity": self.impurity,
            "over_clustering": self.over_clustering,
        }


class Round(NamedTuple):
    """What a round leaves behind.

    Attributes
    ----------
    clusters
        The images considered.
    classifier
        The one trained after the round.
    """

    clusters: Clusters
    classifier: Classifier


def check_labels(features: Features) -> None:
    """Raise ValueError, naming the first image without a label, if there is any."""
    if (features.label < 0).any():
        image = features.id[int(features.label.argmin())]
        raise ValueError(f"fidelity needs the label of every image, but {image} has none")


def predict(
    features: Features, strategy: NTKCPL, finished: Round, identity: Identity
) -> Predictions:
    """Return what is predicted of the images considered, once the round's batch is labelled.

    Parameters
    ----------
    features
        Embeddings and labels of the pool.
    strategy
        Its kernel, ridge and pseudo-labels are used.
    finished
        The round.
    identity
        Of the round: a kernel of finite width is the one that the batch was chosen by.

    Raises
    ------
    ValueError
        If an image of the pool has no label.
    """
    check_labels(features)
    clusters = merge_known(finished.clusters) if strategy.merging else finished.clusters
    index = clusters.index
    label = features.label[index]
    labelled = np.searchsorted(index, finished.classifier.labelled)
    weight, rng = clusters.weight, identity.generator("select_batch")
    columns, lambda_ = strategy.columns(features.embedding[index], labelled, rng, weight)

    def on(classes: NDArray[np.int64], n_classes: int) -> NDArray[np.float64]:
        return regress(columns, lambda_, labelled, classes[labelled], n_classes).outputs

    return Predictions(
        label=label,
        pseudo_label=clusters.pseudo_label,
        classifier=finished.classifier.head.predicted(features.embedding[index]),
        by_label=on(label, len(features.classes)),
        by_cluster=on(clusters.pseudo_label, clusters.n_clusters),
        labelled=labelled,
        weight=weight,
    )


def measure_coverage(
    features: Features, strategy: NTKCPL, rounds: Sequence[Round], identity: tuple[str, str, int]
) -> pd.DataFrame:
    """Compare estimated with true coverage, and take the difference apart, after each round.

    Parameters
    ----------
    features
        Embeddings and labels of the pool.
    strategy
        Its kernel and ridge are used.
    rounds
        All rounds of one run.
    identity
        (experiment, strategy, seed) of the run.

    Returns
    -------
    DataFrame
        round, labels, estimated_accuracy, and the shares of `Predictions`: purity, estimated (of
        f̂_cpl, about pseudo-labels: what Alg. 1 raises), mapped (the same after g), true (of f̂_y),
        classifier (of f), claim, error, error_ntk, error_cpl, bound, p_nff, p_fnf, impurity,
        over_clustering. All but `estimated_accuracy`, which is of the pool (see
        `estimate.estimate_accuracy`), are of the images that the round considered.

    Raises
    ------
    ValueError
        If an image of the pool has no label.
    """
    check_labels(features)
    rows: list[dict[str, float]] = []
    for number, finished in enumerate(rounds, start=1):
        of_round = Identity(*identity, number)
        labelled, head = finished.classifier.labelled, finished.classifier.head
        pool = Pool(features.embedding, labelled, features.label[labelled], head)
        estimate = estimate_accuracy(pool, of_round.generator("estimate_accuracy"))
        rows.append(
            {"round": number, "labels": len(labelled), "estimated_accuracy": estimate}
            | predict(features, strategy, finished, of_round).shares()
        )
    return pd.DataFrame(rows)
