"""Train the classifier on all labels held after a round."""

from _job import log_to

log_to(snakemake.log[0])

import json
from dataclasses import replace

import numpy as np

from ntkcpl.artifacts.batch import read_batch
from ntkcpl.artifacts.classifier import read_classifier, write_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import Provenance
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.views import read_views
from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.rounds import Identity

w = snakemake.wildcards
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
settings = json.loads(snakemake.params.settings)
features = read_features(snakemake.input.features)
inputs = {"features": features.digest}
if snakemake.input.labels:
    held = read_held(snakemake.input.labels, features)
    inputs["labels"] = held.digest
    features, labelled, seconds = held.put_in(features), held.labelled, float("nan")
else:
    labelled, seconds = read_batch(snakemake.input.batch, features, settings["batch_size"])
if snakemake.input.classifier:
    before = read_classifier(snakemake.input.classifier, features)
    inputs["classifier"] = before.digest
    labelled = np.concatenate([before.labelled, labelled])
if snakemake.input.views:
    views, inputs["views"] = read_views(snakemake.input.views, features)
    features = replace(features, views=views)

classifier = train_classifier(
    features,
    labelled,
    ClassifierSettings.model_validate(settings["classifier"]),
    identity,
    selection_seconds=seconds,
)
write_classifier(
    snakemake.output.classifier,
    classifier,
    Provenance(snakemake.params.settings, inputs, identity, snakemake.params.code),
)
