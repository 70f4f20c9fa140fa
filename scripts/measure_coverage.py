"""Compare estimated with true coverage, and with the head's accuracy, after each round of a run."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

import json

import pandas as pd

from ntkcpl import strategies
from ntkcpl.artifacts import read_classifier, read_clusters, read_features, write_text
from ntkcpl.fidelity import Round, measure_coverage

w = snakemake.wildcards
files = snakemake.input
features = read_features(files.features)
rounds = [
    Round(
        read_clusters(clusters, features)[0],
        read_classifier(classifier, features),
        pd.read_csv(batch)["estimated_coverage"].iloc[-1],
    )
    for clusters, batch, classifier in zip(
        files.clusters, files.batches, files.classifiers, strict=True
    )
]
strategy = strategies.load(json.loads(snakemake.params.strategy))
coverage = measure_coverage(features, strategy, rounds, (w.experiment, w.strategy, int(w.seed)))
coverage.insert(0, "strategy", w.strategy)
coverage.insert(1, "seed", int(w.seed))
write_text(snakemake.output.coverage, coverage.to_csv(index=False, lineterminator="\n"))
