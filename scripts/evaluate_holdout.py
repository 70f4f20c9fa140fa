"""Predict the images of the holdout by the classifier of each round."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held, read_taken
from ntkcpl.artifacts.outcomes import write_outcomes
from ntkcpl.labels.holdout import evaluate_holdout

features = read_features(snakemake.input.features)
said = read_taken(snakemake.input.holdout)
outcomes = []
for number, path in zip(snakemake.params.rounds, snakemake.input.classifiers, strict=True):
    classes = read_held(snakemake.input.labels[:number], features).classes
    classifier = read_classifier(path, features)
    outcomes += evaluate_holdout(features, said, classifier, classes, number)
write_outcomes(snakemake.output.outcomes, outcomes)
