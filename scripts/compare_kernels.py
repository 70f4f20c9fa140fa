"""Compare what kernels predict with what the trained classifiers of one run do."""

from _job import log_to

log_to(snakemake.log[0])

import json
from dataclasses import replace

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import write_text
from ntkcpl.artifacts.views import read_views
from ntkcpl.classifier import ClassifierSettings
from ntkcpl.fidelity import compare_kernels

w = snakemake.wildcards
features = read_features(snakemake.input.features)
if snakemake.input.views:
    views, _ = read_views(snakemake.input.views, features)
    features = replace(features, views=views)
comparison = compare_kernels(
    features,
    [read_classifier(path, features) for path in snakemake.input.classifiers],
    ClassifierSettings.model_validate(json.loads(snakemake.params.settings)),
    (w.experiment, int(w.seed)),
)
comparison.insert(0, "seed", int(w.seed))
write_text(snakemake.output.kernels, comparison.to_csv(index=False, lineterminator="\n"))
