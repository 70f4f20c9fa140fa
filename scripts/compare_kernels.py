"""Compare what kernels predict with what the trained classifiers of one run do."""

from _job import log_to

log_to(snakemake.log[0])

import json
from dataclasses import replace

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.frames import write_frame
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.views import read_views
from ntkcpl.classifier import ClassifierSettings
from ntkcpl.fidelity import compare_kernels

w = snakemake.wildcards
made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
if snakemake.input.views:
    views, _ = read_views(snakemake.input.views, features, Provenance(made_by["views"]))
    features = replace(features, views=views)
trained = Provenance(made_by["classifier"])
classifiers = [read_classifier(path, features, trained) for path in snakemake.input.classifiers]
comparison = compare_kernels(
    features,
    classifiers,
    ClassifierSettings.model_validate(json.loads(snakemake.params.settings)),
    (w.experiment, int(w.seed)),
)
comparison.insert(0, "seed", int(w.seed))
write_frame(
    snakemake.output.kernels,
    "kernels",
    comparison,
    Provenance(
        snakemake.params.settings,
        inputs={
            "features": features.digest,
            "classifiers": [classifier.digest for classifier in classifiers],
        },
        identity=(w.experiment, "random", int(w.seed)),
        code=snakemake.params.code,
    ),
)
