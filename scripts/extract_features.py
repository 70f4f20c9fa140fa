"""Embed all images, and augmented views of the pool, with the pretrained encoder."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl import datasets
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.devices import keep_freed_memory
from ntkcpl.encoders.storage import load_encoder
from ntkcpl.features import FeatureSettings, extract_features

keep_freed_memory()
settings = json.loads(snakemake.params.settings)
encoder, digest = load_encoder(
    snakemake.input.encoder, Provenance(snakemake.params.made_by["encoder"])
)
extract_features(
    snakemake.output.features,
    datasets.load(datasets.DatasetSettings.model_validate(settings["dataset"])),
    encoder,
    FeatureSettings.model_validate(settings["features"]),
    Provenance(snakemake.params.settings, {"encoder": digest}, (), snakemake.params.code),
)
