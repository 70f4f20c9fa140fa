"""Predict the images labelled so far by classifiers that were trained without their labels."""

from _job import log_to

log_to(snakemake.log[0])

import json
from dataclasses import replace

from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.outcomes import Outcome, write_outcomes
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.views import read_views
from ntkcpl.classifier import ClassifierSettings
from ntkcpl.cross_validation import cross_validate
from ntkcpl.seeding import Identity

w = snakemake.wildcards
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
settings = json.loads(snakemake.params.settings)
made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
held = read_held(snakemake.input.labels, features)
inputs = {"features": features.digest, "labels": held.digests}
features = held.put_in(features)
if snakemake.input.views:
    embedded = Provenance(made_by["views"])
    views, inputs["views"] = read_views(snakemake.input.views, features, embedded)
    features = replace(features, views=views)
predicted = cross_validate(
    features, held.labelled, ClassifierSettings.model_validate(settings["classifier"]), identity
)
outcomes = [
    Outcome(
        identity.round,
        len(held.labelled),
        features.id[row],
        held.classes[label],
        held.classes[prediction],
    )
    for row, label, prediction in zip(held.labelled, held.label, predicted, strict=True)
]
write_outcomes(
    snakemake.output.outcomes,
    outcomes,
    Provenance(snakemake.params.settings, inputs, identity, snakemake.params.code),
)
