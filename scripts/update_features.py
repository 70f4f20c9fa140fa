"""Embed the images of a folder that have not been embedded yet, and keep the others' embeddings."""

from _job import log_to

log_to(snakemake.log[0])

import json
import logging
from dataclasses import replace
from pathlib import Path

from ntkcpl import datasets
from ntkcpl.artifacts.images import read_images, write_images
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.devices import keep_freed_memory
from ntkcpl.encoders.storage import load_encoder
from ntkcpl.features import (
    FeatureSettings,
    embedded_alike,
    extract_features,
    kept_embeddings,
)
from ntkcpl.image_changes import compare, embedded, stamps

keep_freed_memory()
settings = json.loads(snakemake.params.settings)
images = Path(snakemake.output.images)
root = Path(settings["dataset"]["root"]).expanduser()
changes = compare(root, stamps(root), read_images(images) if images.exists() else {})
encoder, digest = load_encoder(
    snakemake.input.encoder, Provenance(snakemake.params.made_by["encoder"])
)
origin = Provenance(snakemake.params.settings, {"encoder": digest}, (), snakemake.params.code)
kept = kept_embeddings(snakemake.output.features, origin, changes.before)
dataset = datasets.load(datasets.DatasetSettings.model_validate(settings["dataset"]), kept)
logging.info(
    "%d images: %d are embedded, %d were",
    len(dataset.pool.id),
    len(dataset.pool.id) - len(kept),
    len(kept),
)
how = FeatureSettings.model_validate(settings["features"])
extract_features(
    snakemake.output.features,
    dataset,
    encoder,
    embedded_alike(how, snakemake.output.features) if kept else how,
    origin,
    kept=kept,
)
# After the embeddings: an image of which nothing is known is embedded again.
write_images(
    images,
    embedded(changes, root, {*dataset.pool.id}),
    replace(origin, identity=(snakemake.wildcards.experiment,)),
)
