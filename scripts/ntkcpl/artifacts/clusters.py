"""`clusters.h5`: the pseudo-labels of a round."""

from pathlib import Path

import numpy as np

from ntkcpl.artifacts.hdf5 import Layout, create_hdf5, open_hdf5
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.records import Clusters, Features

LAYOUT = Layout(
    "clusters",
    {
        "index": ("i8", "M"),
        "pseudo_label": ("i8", "M"),
        "weight": ("i8", "M"),
        "labelled": ("i8", "L"),
        "cluster/size": ("i8", "K"),
        "cluster/labelled_class": ("i8", "K"),
        "split/parent": ("i8", "S"),
        "split/child": ("i8", "S"),
        "split/confusing": ("i8", "S"),
        "split/size": ("i8", "S"),
    },
)
SPLIT = ("parent", "child", "confusing", "size")


def write_clusters(
    path: str | Path, clusters: Clusters, provenance: Provenance, seconds: float
) -> None:
    """Write `clusters.h5`; `seconds` is the time that clustering took."""
    with create_hdf5(path, LAYOUT, provenance) as file:
        for name in ("index", "pseudo_label", "weight", "labelled"):
            file.store(name, getattr(clusters, name))
        sizes = np.bincount(clusters.pseudo_label, clusters.weight, clusters.n_clusters)
        file.store("cluster/size", sizes.astype(np.int64))
        file.store("cluster/labelled_class", clusters.labelled_class)
        for name in SPLIT:
            file.store(f"split/{name}", clusters.splits[name])
        file.attrs["violated_constraints"] = int((clusters.labelled_class == -2).sum())
        file.attrs["seconds"] = seconds


def read_clusters(
    path: str | Path, features: Features, expected: Provenance | None = None
) -> tuple[Clusters, float, str]:
    """Read `clusters.h5`; return the clusters, the seconds they took, and the file's digest.

    Raises
    ------
    ArtifactError
        If the file is unusable (see `open_hdf5`) or was made from other features.
    """
    expected = (expected or Provenance()).made_from(features=features.digest)
    with open_hdf5(path, LAYOUT, expected) as file:
        clusters = Clusters(
            index=file.read("index"),
            pseudo_label=file.read("pseudo_label"),
            labelled=file.read("labelled"),
            labelled_class=file.read("cluster/labelled_class"),
            splits={name: file.read(f"split/{name}") for name in SPLIT},
            weight=file.read("weight"),
        )
        return clusters, float(file.attrs["seconds"]), file.attrs["digest"]
