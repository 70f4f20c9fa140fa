"""Predict the images labelled so far by classifiers that were trained without their labels."""

from _job import log_to

log_to(snakemake.log[0])

import json
from dataclasses import replace

from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.outcomes import Outcome, write_outcomes
from ntkcpl.artifacts.views import read_views
from ntkcpl.classifier import ClassifierSettings
from ntkcpl.cross_validation import cross_validate
from ntkcpl.rounds import Identity

w = snakemake.wildcards
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
settings = json.loads(snakemake.params.settings)
features = read_features(snakemake.input.features)
held = read_held(snakemake.input.labels, features)
features = held.put_in(features)
if snakemake.input.views:
    features = replace(features, views=read_views(snakemake.input.views, features)[0])
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
write_outcomes(snakemake.output.outcomes, outcomes)
