"""Train the head on all labels held after a round."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

import json

import numpy as np

from ntkcpl.artifacts import (
    Provenance,
    open_hdf5,
    read_batch,
    read_features,
    write_classifier,
)
from ntkcpl.classifier import ClassifierSettings, train_classifier

w = snakemake.wildcards
identity = (w.experiment, w.strategy, int(w.seed), int(w.round))
settings = json.loads(snakemake.params.settings)
features = read_features(snakemake.input.features)
labelled, seconds = read_batch(snakemake.input.batch, features, settings["batch_size"])
inputs = {"features": features.digest}
if snakemake.input.classifier:
    # Not all of it: what it says about the pool is of no use here.
    with open_hdf5(snakemake.input.classifier, "classifier", inputs) as before:
        labelled = np.concatenate([before["labelled"][:], labelled])
        inputs["classifier"] = before.attrs["digest"]

classifier = train_classifier(
    features,
    labelled,
    ClassifierSettings.model_validate(settings["classifier"]),
    identity,
    selection_seconds=seconds,
    keep_hidden=settings["keep_hidden"],
)
write_classifier(
    snakemake.output.classifier,
    classifier,
    Provenance(snakemake.params.settings, inputs, identity),
)
