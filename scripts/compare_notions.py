"""Compare notions of coverage with the truth, after each round (the table under Fig. 1)."""

from _job import log_to

log_to(snakemake.log[0])

import json

from _rounds import read_rounds
from ntkcpl import strategies
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.frames import write_frame
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.notions import compare_notions

w, files = snakemake.wildcards, snakemake.input
made_by = snakemake.params.made_by
features = read_features(files.features, Provenance(made_by["features"]))
trained = Provenance(made_by["classifier"])
rounds, inputs = read_rounds(files.clusters, files.classifiers, features, trained)
strategy = strategies.load(json.loads(snakemake.params.strategy))
notions = compare_notions(features, strategy, rounds, (w.experiment, w.strategy, int(w.seed)))
notions.insert(0, "strategy", w.strategy)
notions.insert(1, "seed", int(w.seed))
write_frame(
    snakemake.output.notions,
    "notions",
    notions,
    Provenance(
        inputs=inputs,
        identity=(w.experiment, w.strategy, int(w.seed)),
        code=snakemake.params.code,
    ),
)
