"""Compare estimated and true coverage after each round, and take the difference apart."""

from _job import log_to

log_to(snakemake.log[0])

import json

from _rounds import read_rounds
from ntkcpl import strategies
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.frames import write_frame
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.coverage import measure_coverage

w, files = snakemake.wildcards, snakemake.input
made_by = snakemake.params.made_by
features = read_features(files.features, Provenance(made_by["features"]))
trained = Provenance(made_by["classifier"])
rounds, inputs = read_rounds(files.clusters, files.classifiers, features, trained)
strategy = strategies.load(json.loads(snakemake.params.strategy))
coverage = measure_coverage(features, strategy, rounds, (w.experiment, w.strategy, int(w.seed)))
coverage.insert(0, "strategy", w.strategy)
coverage.insert(1, "seed", int(w.seed))
write_frame(
    snakemake.output.coverage,
    "coverage",
    coverage,
    Provenance(
        inputs=inputs,
        identity=(w.experiment, w.strategy, int(w.seed)),
        code=snakemake.params.code,
    ),
)
