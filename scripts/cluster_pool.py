"""Cluster the pool before a round, for the strategies that ask for it."""

from _job import log_to

log_to(snakemake.log[0])

import time

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.clusters import write_clusters
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import Provenance, content_digest
from ntkcpl.artifacts.labels import read_held
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.rounds import Identity, known_pool

started = time.perf_counter()
w = snakemake.wildcards
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
clustering = Clustering.parse(snakemake.params.settings)
features = read_features(snakemake.input.features)
inputs = {"features": features.digest}
classifier = held = held_out = None
if snakemake.input.classifier:
    classifier = read_classifier(snakemake.input.classifier, features)
    inputs["classifier"] = classifier.digest
if snakemake.input.labels:
    held = read_held(snakemake.input.labels, features)
    inputs["labels"] = held.digest
if snakemake.input.holdout:
    from ntkcpl.artifacts.batch import read_rows

    held_out = read_rows(snakemake.input.holdout, features)
    inputs["holdout"] = content_digest(snakemake.input.holdout)

clusters = clustering.cluster(
    known_pool(features, classifier, held, held_out),
    identity.generator("cluster_pool"),
    n_classes=len((held or features).classes) or None,
)
write_clusters(
    snakemake.output.clusters,
    clusters,
    Provenance(snakemake.params.settings, inputs, identity, snakemake.params.code),
    seconds=time.perf_counter() - started,
)
