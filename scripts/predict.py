"""Predict the class of every image by the latest classifier."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held, read_taken
from ntkcpl.labels.predictions import predictions, write_predictions

features = read_features(snakemake.input.features)
rows = predictions(
    features,
    read_classifier(snakemake.input.classifier, features).head,
    read_held(snakemake.input.labels, features).classes,
    [read_taken(path) for path in snakemake.input.labels],
    read_taken(snakemake.input.holdout) if snakemake.input.holdout else None,
)
write_predictions(snakemake.output.predictions, rows)
