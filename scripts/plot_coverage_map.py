"""Map which images of a round each notion of coverage holds for covered (Fig. 1 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl import strategies
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.clusters import read_clusters
from ntkcpl.artifacts.features import read_features
from ntkcpl.coverage import Round
from ntkcpl.notions import coverage_map
from ntkcpl.reporting import coverage_map as report
from ntkcpl.reporting import plots
from ntkcpl.reporting.look import display_name
from ntkcpl.rounds import Identity

w, files = snakemake.wildcards, snakemake.input
features = read_features(files.features)
finished = Round(
    read_clusters(files.clusters, features)[0], read_classifier(files.classifier, features)
)
strategy = strategies.load(json.loads(snakemake.params.strategy))
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
places = coverage_map(features, strategy, finished, identity)
labels = len(finished.classifier.labelled)
title = f"{w.experiment}, {display_name(w.strategy)}, seed {w.seed}, {labels:,} labels"
plots.save(report.plot_coverage_map(places, title), *snakemake.output)
