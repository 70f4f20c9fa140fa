"""Map which images of a round each notion of coverage holds for covered (Fig. 1 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl import strategies
from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.clusters import read_clusters
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.coverage import Round
from ntkcpl.notions import coverage_map
from ntkcpl.reporting import coverage_map as report
from ntkcpl.reporting import plots
from ntkcpl.reporting.look import display_name
from ntkcpl.seeding import Identity

w, files = snakemake.wildcards, snakemake.input
made_by = snakemake.params.made_by
features = read_features(files.features, Provenance(made_by["features"]))
clusters, *_ = read_clusters(files.clusters, features, Provenance(made_by["clusters"]))
trained = Provenance(made_by["classifier"])
finished = Round(clusters, read_classifier(files.classifier, features, trained))
strategy = strategies.load(json.loads(snakemake.params.strategy))
identity = Identity(w.experiment, w.strategy, int(w.seed), int(w.round))
places = coverage_map(features, strategy, finished, identity)
labels = len(finished.classifier.labelled)
title = f"{w.experiment}, {display_name(w.strategy)}, seed {w.seed}, {labels:,} labels"
plots.save(report.plot_coverage_map(places, title), *snakemake.output)
