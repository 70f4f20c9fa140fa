"""Each stage's file as one typed object."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts.files import FIX, ArtifactError, Provenance, atomic
from ntkcpl.artifacts.hdf5 import create_hdf5, open_hdf5, store

BATCH_COLUMNS = ["rank", "index", "id", "estimated_coverage", "seconds"]


@dataclass(frozen=True)
class Features:
    """`features.h5` without its views, which `views` reads for the rows that are asked for.

    Attributes
    ----------
    path, digest
        The file and its digest.
    embedding : float32 (N, D)
        Embeddings of the pool.
    label : int64 (N,)
        Classes of the pool, -1 where unknown.
    id : list of N str
        File names or data set indices of the pool.
    test_embedding, test_label
        float32 (T, D) and int64 (T,).
    classes : list of C str
        Names of the classes.
    """

    path: Path
    digest: str
    embedding: NDArray[np.float32]
    label: NDArray[np.int64]
    id: list[str]
    test_embedding: NDArray[np.float32]
    test_label: NDArray[np.int64]
    classes: list[str]

    def views(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the embeddings of the augmented views of `rows`, float32 (len(rows), V, D)."""
        order = np.argsort(rows)
        with open_hdf5(self.path, "features") as file:
            data = file["pool/views"]
            block = np.empty((len(rows), *data.shape[1:]), dtype=np.float32)
            block[order] = data[rows[order]]  # HDF5 reads increasing rows only
        return block


@dataclass(frozen=True)
class Clusters:
    """`clusters.h5`: a pseudo-label for each pool sample that a strategy considers.

    Attributes
    ----------
    index : int64 (M,)
        Increasing pool indices: the candidates and the labelled samples.
    pseudo_label : int64 (M,)
        Cluster, in [0, K), of each of them.
    labelled : int64 (L,)
        Pool indices of the labelled samples, in the order in which they were bought.
    labelled_class : int64 (K,)
        Class of the labelled samples in each cluster, -1 without any, -2 if they are of several.
    splits : dict of int64 (S,)
        The log of Alg. 2, a row a split: `parent` (the cluster split), `child` (the new cluster),
        `confusing` (confusing samples before the split), `size` (samples before the split).
    """

    index: NDArray[np.int64]
    pseudo_label: NDArray[np.int64]
    labelled: NDArray[np.int64]
    labelled_class: NDArray[np.int64]
    splits: Mapping[str, NDArray[np.int64]]

    @property
    def n_clusters(self) -> int:
        """Number of clusters, K."""
        return len(self.labelled_class)


@dataclass(frozen=True)
class Classifier:
    """`classifier.h5`: the head trained after a round, and what it says about the pool.

    Attributes
    ----------
    digest
        The file's digest, empty before it is written.
    labelled : int64 (L,)
        Pool indices that it was trained on, in the order in which they were bought.
    probability : float16 (N, C)
        Softmax output on the pool.
    hidden : float16 (N, H), optional
        Active-learning features of the pool: hidden units after the ReLU. None where the strategy
        has no use for them, because they are most of the file.
    state : dict of arrays
        torch's state dict of the head.
    metrics : dict of float
        test_accuracy, pool_accuracy (shares in [0, 1]), train_loss, selection_seconds,
        training_seconds.
    """

    digest: str
    labelled: NDArray[np.int64]
    probability: NDArray[np.float16]
    hidden: NDArray[np.float16] | None
    state: Mapping[str, NDArray[Any]]
    metrics: Mapping[str, float]


IDENTITY = ("experiment", "strategy", "seed", "round")
METRICS = ("test_accuracy", "pool_accuracy", "train_loss", "selection_seconds", "training_seconds")


def read_features(path: str | Path) -> Features:
    """Read `features.h5`; its views stay in the file. Raises ArtifactError (see `open_hdf5`)."""
    with open_hdf5(path, "features") as file:
        return Features(
            path=Path(path),
            digest=file.attrs["digest"],
            embedding=file["pool/embedding"][:],
            label=file["pool/label"][:],
            id=file["pool/id"].asstr()[:].tolist(),
            test_embedding=file["test/embedding"][:],
            test_label=file["test/label"][:],
            classes=file["classes"].asstr()[:].tolist(),
        )


def write_clusters(
    path: str | Path, clusters: Clusters, provenance: Provenance, seconds: float
) -> None:
    """Write `clusters.h5`; `seconds` is the time that clustering took."""
    with create_hdf5(path, "clusters", provenance) as file:
        for name in ("index", "pseudo_label", "labelled"):
            store(file, name, getattr(clusters, name))
        sizes = np.bincount(clusters.pseudo_label, minlength=clusters.n_clusters)
        store(file, "cluster/size", sizes)
        store(file, "cluster/labelled_class", clusters.labelled_class)
        for name in ("parent", "child", "confusing", "size"):
            store(file, f"split/{name}", clusters.splits[name])
        file.attrs["violated_constraints"] = int((clusters.labelled_class == -2).sum())
        file.attrs["seconds"] = seconds


def read_clusters(path: str | Path, features: Features) -> tuple[Clusters, float]:
    """Read `clusters.h5`; return the clusters and the seconds they took.

    Raises
    ------
    ArtifactError
        If the file is unusable (see `open_hdf5`) or was made from other features.
    """
    with open_hdf5(path, "clusters", {"features": features.digest}) as file:
        clusters = Clusters(
            index=file["index"][:],
            pseudo_label=file["pseudo_label"][:],
            labelled=file["labelled"][:],
            labelled_class=file["cluster/labelled_class"][:],
            splits={name: file[f"split/{name}"][:] for name in file["split"]},
        )
        return clusters, float(file.attrs["seconds"])


def write_classifier(path: str | Path, classifier: Classifier, provenance: Provenance) -> None:
    """Write `classifier.h5`, the metrics as attributes."""
    with create_hdf5(path, "classifier", provenance) as file:
        store(file, "labelled", classifier.labelled)
        store(file, "pool/probability", classifier.probability)
        if classifier.hidden is not None:
            store(file, "pool/hidden", classifier.hidden)
        for name, value in classifier.state.items():
            store(file, f"state/{name}", value)
        for name in METRICS:
            file.attrs[name] = classifier.metrics[name]


def read_classifier(path: str | Path, features: Features) -> Classifier:
    """Read `classifier.h5`.

    Raises
    ------
    ArtifactError
        If the file is unusable (see `open_hdf5`) or was made from other features.
    """
    with open_hdf5(path, "classifier", {"features": features.digest}) as file:
        return Classifier(
            digest=file.attrs["digest"],
            labelled=file["labelled"][:],
            probability=file["pool/probability"][:],
            hidden=file["pool/hidden"][:] if "pool/hidden" in file else None,
            state={name: file[f"state/{name}"][()] for name in file["state"]},
            metrics={name: float(file.attrs[name]) for name in METRICS},
        )


def read_metrics(path: str | Path) -> dict[str, Any]:
    """Return what a `classifier.h5` says in one row, without its arrays.

    The row has the identity (experiment, strategy, seed, round), the number of `labels`, and
    `METRICS`.
    """
    with open_hdf5(path, "classifier") as file:
        identity = zip(IDENTITY, json.loads(file.attrs["identity"]), strict=True)
        metrics = {name: float(file.attrs[name]) for name in METRICS}
        return dict(identity) | {"labels": len(file["labelled"])} | metrics


def write_batch(
    path: str | Path,
    features: Features,
    index: NDArray[np.int64],
    estimated_coverage: NDArray[np.float64] | None,
    seconds: NDArray[np.float64],
) -> None:
    """Write `batch.csv`: which images to label, in the order in which they were chosen.

    Parameters
    ----------
    path, features
        The file, and the features whose ids it names.
    index : int64 (b,)
        Pool indices.
    estimated_coverage : float64 (b,), optional
        Share of the pool estimated to be right once this image is labelled; the column is empty
        where the strategy estimates none.
    seconds : float64 (b,)
        Time from the start of the selection, clustering included, to each choice.
    """
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(BATCH_COLUMNS)
        for k, i in enumerate(index):
            coverage = "" if estimated_coverage is None else f"{estimated_coverage[k]:.6f}"
            writer.writerow([k + 1, i, features.id[i], coverage, f"{seconds[k]:.4f}"])


def read_batch(path: str | Path, features: Features, size: int) -> tuple[NDArray[np.int64], float]:
    """Read `batch.csv`; return the pool indices (size,) and the seconds that the selection took.

    Raises
    ------
    ArtifactError
        If the file is missing, truncated or foreign, or if its ids are not those of `features`.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            table = [(int(row["index"]), row["id"], float(row["seconds"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is no batch.csv ({error!r}): {FIX}") from error
    index = np.array([row[0] for row in table], dtype=np.int64)
    if len(index) != size:
        raise ArtifactError(f"{path} holds {len(index)} choices where {size} are due: {FIX}")
    if index.min() < 0 or index.max() >= len(features.id) or len(np.unique(index)) < size:
        raise ArtifactError(f"{path} repeats an index or names one outside the pool: {FIX}")
    if any(features.id[i] != name for i, name, _ in table):
        raise ArtifactError(f"{path} was made from another pool than {features.path}: {FIX}")
    return index, max(row[2] for row in table)
