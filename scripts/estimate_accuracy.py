"""Estimate the accuracy of every classifier of an experiment from the labels that it held."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.artifacts.classifier import read_classifier, read_metrics
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.frames import write_frame
from ntkcpl.artifacts.provenance import Provenance, shortened
from ntkcpl.estimate import estimate_accuracy
from ntkcpl.pool import Pool
from ntkcpl.seeding import Identity

made_by = snakemake.params.made_by
features = read_features(snakemake.input.features, Provenance(made_by["features"]))
trained = Provenance(made_by["classifier"])
rows, digests = [], []
for path in snakemake.input.classifiers:
    classifier, facts = read_classifier(path, features, trained), read_metrics(path)
    digests.append(classifier.digest)
    identity = Identity(*(facts[name] for name in Identity._fields))
    labelled = classifier.labelled
    pool = Pool(features.embedding, labelled, features.label[labelled], classifier.head)
    estimate = estimate_accuracy(pool, identity.generator("estimate_accuracy"))
    rows.append(identity._asdict() | {"labels": len(labelled), "estimated_accuracy": estimate})
write_frame(
    snakemake.output.estimates,
    "estimated_accuracy",
    pd.DataFrame(rows),
    Provenance(
        inputs={"features": features.digest, "classifiers": shortened(digests)},
        identity=(snakemake.wildcards.experiment,),
        code=snakemake.params.code,
    ),
    float_format="%.4f",
)
