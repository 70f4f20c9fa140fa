"""Choose which images to label in a round."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

import json
import os
import time

os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)

import numpy as np

from ntkcpl import strategies
from ntkcpl.artifacts import read_classifier, read_clusters, read_features, write_batch
from ntkcpl.head import Head
from ntkcpl.seeding import numpy_generator

started = time.perf_counter()
w = snakemake.wildcards
settings = json.loads(snakemake.params.settings)
strategy = strategies.load(settings["strategy"])
features = read_features(snakemake.input.features)
labelled = np.empty(0, dtype=np.int64)
known, clustering_seconds = {}, 0.0
if snakemake.input.classifier:
    classifier = read_classifier(snakemake.input.classifier, features)
    labelled = classifier.labelled
    known |= {"probability": classifier.probability, "hidden": classifier.hidden}
    known["head"] = Head.from_state(classifier.state)
if snakemake.input.clusters:
    known["clusters"], clustering_seconds = read_clusters(snakemake.input.clusters, features)

name = w.strategy
if strategy.random_start and not len(labelled):
    # Strategies that start at random start from the same images for the same seed.
    name, strategy = "random", strategies.load({"method": "random"})

batch = strategy.query(
    strategies.Pool(features.embedding, labelled, features.label[labelled], **known),
    settings["batch_size"],
    numpy_generator(w.experiment, name, int(w.seed), int(w.round), "select_batch"),
)
elapsed = clustering_seconds + time.perf_counter() - started
seconds = np.full(len(batch.index), elapsed)
if batch.seconds is not None:
    seconds += batch.seconds - batch.seconds[-1]
write_batch(snakemake.output.batch, features, batch.index, batch.estimated_coverage, seconds)
