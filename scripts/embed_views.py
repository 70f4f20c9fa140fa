"""Embed augmented views of the images that a round buys, on which the classifier is trained."""

from _job import log_to

log_to(snakemake.log[0])

import json
import time

import numpy as np

from ntkcpl import datasets
from ntkcpl.artifacts.batch import read_batch
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import Provenance
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.views import write_views
from ntkcpl.devices import keep_freed_memory
from ntkcpl.encoders.storage import load_encoder
from ntkcpl.features import FeatureSettings, embed_views
from ntkcpl.rounds import Identity

keep_freed_memory()
start = time.perf_counter()
w = snakemake.wildcards
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
settings = json.loads(snakemake.params.settings)
features = read_features(snakemake.input.features)
if snakemake.input.labels:
    answered = read_held([snakemake.input.labels], features)
    index = np.concatenate([answered.labelled, answered.skipped])
else:
    index, _ = read_batch(snakemake.input.batch, features, settings["batch_size"])
encoder, digest = load_encoder(snakemake.input.encoder)
views = embed_views(
    datasets.load_images(
        datasets.DatasetSettings.model_validate(settings["dataset"]),
        [features.id[i] for i in index],
    ),
    index,
    len(features.id),
    encoder,
    FeatureSettings.model_validate(settings["features"]),
)
inputs = {"encoder": digest, "features": features.digest}
write_views(
    snakemake.output.views,
    index,
    views,
    time.perf_counter() - start,
    Provenance(snakemake.params.settings, inputs, identity, snakemake.params.code),
)
