"""Predict the class of every image by the latest classifier."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.cells import write_cells
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held, read_taken
from ntkcpl.labels.predictions import COLUMNS, predictions

features = read_features(snakemake.input.features)
holdout = read_taken(snakemake.input.holdout) if snakemake.input.holdout else None
rows = predictions(
    features,
    read_classifier(snakemake.input.classifier, features).head,
    read_held(snakemake.input.labels, features).classes,
    [read_taken(path) for path in snakemake.input.labels],
    holdout,
)
write_cells(snakemake.output.predictions, COLUMNS, rows)
