"""Predict the images of the holdout by the classifier of each round."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held, read_said
from ntkcpl.artifacts.outcomes import write_outcomes
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.labels.holdout import evaluate_holdout

made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
said, digest = read_said(snakemake.input.holdout)
inputs = {"features": features.digest, "classifiers": [], "labels": [digest]}
outcomes = []
for number, path in zip(snakemake.params.rounds, snakemake.input.classifiers, strict=True):
    held = read_held(snakemake.input.labels[:number], features)
    trained = Provenance(made_by["classifier"], {"labels": held.digests})
    classifier = read_classifier(path, features, trained)
    inputs["classifiers"].append(classifier.digest)
    outcomes += evaluate_holdout(features, said, classifier, held.classes, number)
write_outcomes(
    snakemake.output.outcomes,
    outcomes,
    Provenance(
        inputs=inputs,
        identity=(snakemake.wildcards.experiment, "holdout"),
        code=snakemake.params.code,
    ),
)
