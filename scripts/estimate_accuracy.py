"""Estimate the accuracy of every classifier of an experiment from the labels that it held."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.artifacts.classifier import read_classifier, read_metrics
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.files import write_text
from ntkcpl.estimate import estimate_accuracy
from ntkcpl.records import Pool
from ntkcpl.rounds import Identity

features = read_features(snakemake.input.features)
rows = []
for path in snakemake.input.classifiers:
    classifier, facts = read_classifier(path, features), read_metrics(path)
    identity = Identity(*(facts[name] for name in Identity._fields))
    labelled = classifier.labelled
    pool = Pool(features.embedding, labelled, features.label[labelled], classifier.head)
    estimate = estimate_accuracy(pool, identity.generator("estimate_accuracy"))
    rows.append(identity._asdict() | {"labels": len(labelled), "estimated_accuracy": estimate})
table = pd.DataFrame(rows).to_csv(index=False, float_format="%.4f", lineterminator="\n")
write_text(snakemake.output.estimates, table)
