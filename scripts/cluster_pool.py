"""Cluster the pool before a round, for the strategies that ask for it."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

import time

import numpy as np

from ntkcpl.artifacts import Provenance, read_classifier, read_features, write_clusters
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.seeding import numpy_generator

started = time.perf_counter()
w = snakemake.wildcards
identity = (w.experiment, w.strategy, int(w.seed), int(w.round))
clustering = Clustering.parse(snakemake.params.settings)
features = read_features(snakemake.input.features)
inputs = {"features": features.digest}

feature, labelled, predicted = features.embedding, np.empty(0, dtype=np.int64), None
if snakemake.input.classifier:
    classifier = read_classifier(snakemake.input.classifier, features)
    inputs["classifier"] = classifier.digest
    labelled, predicted = classifier.labelled, classifier.probability.argmax(axis=1)
    if clustering.feature == "al":
        feature = classifier.hidden

clusters = clustering.cluster(
    feature,
    labelled,
    features.label[labelled],
    predicted,
    numpy_generator(*identity, "cluster_pool"),
    n_classes=len(features.classes),
)
write_clusters(
    snakemake.output.clusters,
    clusters,
    Provenance(snakemake.params.settings, inputs, identity),
    seconds=time.perf_counter() - started,
)
