"""Compare estimated and true coverage after each round, and take the difference apart."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl import strategies
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.clusters import read_clusters
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.frames import write_frame
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.coverage import Round, measure_coverage

w, files = snakemake.wildcards, snakemake.input
made_by = snakemake.params.made_by
features = read_features(files.features, Provenance(made_by["features"]))
trained = Provenance(made_by["classifier"])
clusters = [read_clusters(path, features) for path in files.clusters]
classifiers = [read_classifier(path, features, trained) for path in files.classifiers]
rounds = [
    Round(found, classifier) for (found, *_), classifier in zip(clusters, classifiers, strict=True)
]
strategy = strategies.load(json.loads(snakemake.params.strategy))
coverage = measure_coverage(features, strategy, rounds, (w.experiment, w.strategy, int(w.seed)))
coverage.insert(0, "strategy", w.strategy)
coverage.insert(1, "seed", int(w.seed))
write_frame(
    snakemake.output.coverage,
    "coverage",
    coverage,
    Provenance(
        inputs={
            "features": features.digest,
            "clusters": [digest for *_, digest in clusters],
            "classifiers": [classifier.digest for classifier in classifiers],
        },
        identity=(w.experiment, w.strategy, int(w.seed)),
        code=snakemake.params.code,
    ),
)
