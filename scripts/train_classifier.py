"""Train the classifier on all labels held after a round."""

from _job import log_to

log_to(snakemake.log[0])

import json
from dataclasses import replace

import numpy as np

from ntkcpl.artifacts.batch import read_batch
from ntkcpl.artifacts.classifier import read_classifier, write_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.views import read_views
from ntkcpl.classifier import ClassifierSettings, train_classifier
from ntkcpl.seeding import Identity

w = snakemake.wildcards
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
settings = json.loads(snakemake.params.settings)
made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
inputs = {"features": features.digest}
bought = []
if snakemake.input.classifier:
    trained = Provenance(made_by["classifier"])
    before = read_classifier(snakemake.input.classifier, features, trained)
    inputs["classifier"] = before.digest
    bought.append(before.labelled)
if snakemake.input.labels:
    held = read_held(snakemake.input.labels, features)
    inputs["labels"] = held.digests
    features, labelled, seconds = held.put_in(features), held.labelled, float("nan")
else:
    chosen = Provenance(made_by["batch"], inputs)
    labelled, seconds, inputs["batch"] = read_batch(
        snakemake.input.batch, features, settings["batch_size"], chosen
    )
if snakemake.input.views:
    embedded = Provenance(made_by["views"])
    views, inputs["views"] = read_views(snakemake.input.views, features, embedded)
    features = replace(features, views=views)

classifier = train_classifier(
    features,
    np.concatenate([*bought, labelled]),
    ClassifierSettings.model_validate(settings["classifier"]),
    identity,
    selection_seconds=seconds,
)
write_classifier(
    snakemake.output.classifier,
    classifier,
    Provenance(snakemake.params.settings, inputs, identity, snakemake.params.code),
)
