"""Cluster the pool before a round, for the strategies that ask for it."""

from _job import log_to

log_to(snakemake.log[0])

import time

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.clusters import write_clusters
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import Provenance
from ntkcpl.pseudo_labels import Clustering
from ntkcpl.records import Pool
from ntkcpl.rounds import Identity

started = time.perf_counter()
w = snakemake.wildcards
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
clustering = Clustering.parse(snakemake.params.settings)
features = read_features(snakemake.input.features)
inputs = {"features": features.digest}
pool = Pool(features.embedding)
if snakemake.input.classifier:
    classifier = read_classifier(snakemake.input.classifier, features)
    inputs["classifier"] = classifier.digest
    labelled = classifier.labelled
    pool = Pool(features.embedding, labelled, features.label[labelled], classifier.head)

clusters = clustering.cluster(
    pool, identity.generator("cluster_pool"), n_classes=len(features.classes) or None
)
write_clusters(
    snakemake.output.clusters,
    clusters,
    Provenance(snakemake.params.settings, inputs, identity, snakemake.params.code),
    seconds=time.perf_counter() - started,
)
