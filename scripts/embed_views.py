"""Embed augmented views of the images that a round buys, on which the classifier is trained."""

from _job import log_to

log_to(snakemake.log[0])

import json
import time
from dataclasses import replace

import numpy as np

from ntkcpl import datasets
from ntkcpl.artifacts.batch import read_batch
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.views import kept_views, write_views
from ntkcpl.devices import keep_freed_memory
from ntkcpl.encoders.storage import load_encoder
from ntkcpl.features import FeatureSettings, embed_views, embedded_alike
from ntkcpl.seeding import Identity

keep_freed_memory()
start = time.perf_counter()
w = snakemake.wildcards
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
settings = json.loads(snakemake.params.settings)
made_by = snakemake.params.made_by
encoder, digest = load_encoder(snakemake.input.encoder, Provenance(made_by["encoder"]))
embedded = Provenance(made_by["features"], {"encoder": digest})
features = read_features(snakemake.input.features, embedded)
inputs = {"encoder": digest, "features": features.digest}
if snakemake.input.labels:
    answered = read_held([snakemake.input.labels], features)
    index = np.concatenate([answered.labelled, answered.skipped])
    inputs["labels"] = answered.digests
else:
    chosen = Provenance(made_by["batch"])
    index, _, inputs["batch"] = read_batch(
        snakemake.input.batch, features, settings["batch_size"], chosen
    )
images = datasets.load_images(
    datasets.DatasetSettings.model_validate(settings["dataset"]), [features.id[i] for i in index]
)
origin = Provenance(snakemake.params.settings, {"encoder": digest}, identity, snakemake.params.code)
contents = images.contents()
# Those of images that were answered before: a corrected label changes none.
kept = kept_views(snakemake.output.views, origin)
new = np.array([row for row, image in enumerate(contents) if image not in kept], dtype=np.int64)
if len(new):
    views = embed_views(
        images.rows(new),
        index[new],
        len(features.id),
        encoder,
        embedded_alike(
            FeatureSettings.model_validate(settings["features"]), snakemake.input.features
        ),
    )
    kept |= dict(zip((contents[row] for row in new), views, strict=True))
write_views(
    snakemake.output.views,
    index,
    np.stack([kept[image] for image in contents]),
    contents,
    time.perf_counter() - start,
    replace(origin, inputs=inputs),
)
