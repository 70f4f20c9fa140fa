"""Bring ready embeddings into the layout of features.h5."""

from _job import log_to

log_to(snakemake.log[0])

import json
from pathlib import Path

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.precomputed import import_features

settings = snakemake.params.settings
import_features(
    snakemake.output.features,
    Path(json.loads(settings)["embeddings"]).expanduser(),
    Provenance(settings, code=snakemake.params.code),
    to_be_labelled=snakemake.params.to_be_labelled,
)
