"""Predict the class of every image by the latest classifier."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.classifier import read_classifier
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held, read_said, read_taken
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.labels.predictions import predictions, write_predictions

made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
held = read_held(snakemake.input.labels, features)
trained = Provenance(made_by["classifier"], {"labels": held.digests})
classifier = read_classifier(snakemake.input.classifier, features, trained)
labels, said = [*held.digests], None
if snakemake.input.holdout:
    said, digest = read_said(snakemake.input.holdout)
    labels.append(digest)
takens = [read_taken(path) for path in snakemake.input.labels]
write_predictions(
    snakemake.output.predictions,
    predictions(features, classifier.head, held.classes, takens, said),
    Provenance(
        inputs={"features": features.digest, "classifier": classifier.digest, "labels": labels},
        identity=(snakemake.wildcards.experiment,),
        code=snakemake.params.code,
    ),
)
