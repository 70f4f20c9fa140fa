"""Compare notions of coverage with the truth, after each round (the table under Fig. 1)."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl import strategies
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.clusters import read_clusters
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import write_text
from ntkcpl.coverage import Round
from ntkcpl.notions import compare_notions

w, files = snakemake.wildcards, snakemake.input
features = read_features(files.features)
rounds = [
    Round(read_clusters(clusters, features)[0], read_classifier(classifier, features))
    for clusters, classifier in zip(files.clusters, files.classifiers, strict=True)
]
strategy = strategies.load(json.loads(snakemake.params.strategy))
notions = compare_notions(features, strategy, rounds, (w.experiment, w.strategy, int(w.seed)))
notions.insert(0, "strategy", w.strategy)
notions.insert(1, "seed", int(w.seed))
write_text(snakemake.output.notions, notions.to_csv(index=False, lineterminator="\n"))
