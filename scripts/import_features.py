"""Bring ready embeddings into the layout of features.h5."""

from _job import log_to

log_to(snakemake.log[0])

import json
from pathlib import Path

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.precomputed import embeddings_digest, import_features

source = Path(json.loads(snakemake.params.settings)["embeddings"]).expanduser()
import_features(
    snakemake.output.features,
    source,
    Provenance(
        snakemake.params.settings,
        {"embeddings": embeddings_digest(source)},
        (),
        snakemake.params.code,
    ),
)
