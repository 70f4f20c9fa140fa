"""Choose which images to label in a round."""

from _job import log_to

log_to(snakemake.log[0])

import json
import os
import time
from dataclasses import replace

os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)

from ntkcpl import strategies
from ntkcpl.artifacts.batch import read_rows, write_batch
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.rounds import known_pool, select_batch
from ntkcpl.seeding import Identity

started = time.perf_counter()
w = snakemake.wildcards
settings = json.loads(snakemake.params.settings)
made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
inputs = {"features": features.digest}
classifier, held, held_out, clustering_seconds = None, None, None, 0.0
if snakemake.input.labels:
    held = read_held(snakemake.input.labels, features)
    inputs["labels"] = held.digests
if snakemake.input.classifier:
    trained = Provenance(made_by["classifier"], inputs)
    classifier = read_classifier(snakemake.input.classifier, features, trained)
    inputs["classifier"] = classifier.digest
if snakemake.input.holdout:
    held_out, inputs["holdout"] = read_rows(snakemake.input.holdout, features)
pool = known_pool(features, classifier, held, held_out)
if snakemake.input.clusters:
    from ntkcpl.artifacts.clusters import read_clusters

    clustered = Provenance(made_by["clusters"], inputs)
    clusters, clustering_seconds, digest = read_clusters(
        snakemake.input.clusters, features, clustered
    )
    inputs["clusters"] = digest
    pool = replace(pool, clusters=clusters)

identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
batch = select_batch(
    strategies.load(settings["strategy"]),
    pool,
    min(settings["batch_size"], len(pool.unlabelled)),
    identity,
)
seconds = clustering_seconds + time.perf_counter() - started
write_batch(
    snakemake.output.batch,
    features,
    batch,
    seconds,
    Provenance(snakemake.params.settings, inputs, identity, snakemake.params.code),
)
