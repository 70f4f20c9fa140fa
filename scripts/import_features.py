"""Bring ready embeddings into the layout of features.h5."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.files import content_digest
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.precomputed import import_features

source = snakemake.input.embeddings
import_features(
    snakemake.output.features,
    source,
    Provenance(
        snakemake.params.settings,
        {"embeddings": content_digest(source)},
        (),
        snakemake.params.code,
    ),
)
