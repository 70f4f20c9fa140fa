"""Every file's layout: atomic write, validated read, provenance.

A stage's file appears under its own name only when it is complete: it is written under a
temporary name and renamed. On reading, a file that is truncated, foreign, of another version or
made from other inputs than the ones at hand raises `ArtifactError`, whose message is one sentence
naming the file and the fix. `docs/artifacts.md` describes the layouts for people.

`files` writes files of any kind, `parts` those of a long computation until it is done, `hdf5` knows
the layouts, `stages` reads and writes each stage's file as one typed object.
"""

from ntkcpl.artifacts.files import (
    ArtifactError,
    Provenance,
    atomic,
    content_digest,
    write_text,
)
from ntkcpl.artifacts.hdf5 import create_hdf5, open_hdf5, store
from ntkcpl.artifacts.parts import Parts
from ntkcpl.artifacts.stages import (
    Classifier,
    Clusters,
    Features,
    read_batch,
    read_classifier,
    read_clusters,
    read_features,
    read_metrics,
    write_batch,
    write_classifier,
    write_clusters,
)

__all__ = [
    "ArtifactError",
    "Classifier",
    "Clusters",
    "Features",
    "Parts",
    "Provenance",
    "atomic",
    "content_digest",
    "create_hdf5",
    "open_hdf5",
    "read_batch",
    "read_classifier",
    "read_clusters",
    "read_features",
    "read_metrics",
    "store",
    "write_batch",
    "write_classifier",
    "write_clusters",
    "write_text",
]
