"""Choose which images to label in a round."""

from _job import log_to

log_to(snakemake.log[0])

import json
import os
import time
from dataclasses import replace

os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)

from ntkcpl import strategies
from ntkcpl.artifacts.batch import write_batch
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.records import Pool
from ntkcpl.rounds import Identity, select_batch

started = time.perf_counter()
w = snakemake.wildcards
settings = json.loads(snakemake.params.settings)
features = read_features(snakemake.input.features)
pool, clustering_seconds = Pool(features.embedding), 0.0
if snakemake.input.classifier:
    classifier = read_classifier(snakemake.input.classifier, features)
    labelled = classifier.labelled
    pool = Pool(features.embedding, labelled, features.label[labelled], classifier.head)
if snakemake.input.clusters:
    from ntkcpl.artifacts.clusters import read_clusters

    clusters, clustering_seconds = read_clusters(snakemake.input.clusters, features)
    pool = replace(pool, clusters=clusters)

batch = select_batch(
    strategies.load(settings["strategy"]),
    pool,
    settings["batch_size"],
    Identity(w.experiment, w.strategy, int(w.seed), int(w.round)),
)
seconds = clustering_seconds + time.perf_counter() - started
write_batch(snakemake.output.batch, features, batch, seconds)
