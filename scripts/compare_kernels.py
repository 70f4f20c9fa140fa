"""Compare what kernels predict with what the trained heads of one run do."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

import json

from ntkcpl.artifacts import read_classifier, read_features, write_text
from ntkcpl.classifier import ClassifierSettings
from ntkcpl.fidelity import compare_kernels

features = read_features(snakemake.input.features)
comparison = compare_kernels(
    features,
    [read_classifier(path, features) for path in snakemake.input.classifiers],
    ClassifierSettings.model_validate(json.loads(snakemake.params.settings)),
    int(snakemake.wildcards.seed),
)
write_text(snakemake.output.kernels, comparison.to_csv(index=False, lineterminator="\n"))
