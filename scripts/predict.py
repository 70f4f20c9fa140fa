"""Predict the class of every image by the latest classifier."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.cells import write_cells
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held, read_taken
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.labels.predictions import COLUMNS, predictions

made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
held = read_held(snakemake.input.labels, features)
trained = Provenance(made_by["classifier"], {"labels": held.digests})
rows = predictions(
    features,
    read_classifier(snakemake.input.classifier, features, trained).head,
    held.classes,
    [read_taken(path) for path in snakemake.input.labels],
)
write_cells(snakemake.output.predictions, COLUMNS, rows)
