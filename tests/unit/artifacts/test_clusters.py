"""`clusters.h5` comes back as it was written."""

import numpy as np

from ntkcpl.artifacts.clusters import read_clusters, write_clusters
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.records import Clusters


def test_clusters_round_trip(features, tmp_path):
    splits = {name: np.array([1]) for name in ("parent", "child", "confusing", "size")}
    clusters = Clusters(
        index=np.array([0, 2, 4]),
        pseudo_label=np.array([0, 1, 1]),
        labelled=np.array([4]),
        labelled_class=np.array([-1, 2]),
        splits=splits,
    )
    provenance = Provenance("{}", {"features": features.digest}, ("digits", "ntkcpl_al", 0, 2))
    write_clusters(tmp_path / "clusters.h5", clusters, provenance, seconds=1.5)
    found, seconds, _ = read_clusters(tmp_path / "clusters.h5", features)
    assert seconds == 1.5
    assert found.n_clusters == 2
    for name in ("index", "pseudo_label", "labelled", "labelled_class"):
        np.testing.assert_array_equal(getattr(found, name), getattr(clusters, name))
    assert {name: column.tolist() for name, column in found.splits.items()} == {
        name: [1] for name in splits
    }
