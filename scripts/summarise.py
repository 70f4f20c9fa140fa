"""Write the page that a reader of an experiment's results sees first."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

import json

import pandas as pd

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.artifacts.features import read_feature_facts
from ntkcpl.artifacts.files import write_text
from ntkcpl.reporting.summary import summary

accuracy = read_accuracy(snakemake.input.accuracy)
attributes, sizes = read_feature_facts(snakemake.input.features)
config = json.loads(snakemake.params.settings)
pretraining, embedding_seconds = None, {}
if snakemake.input.history:
    pretraining = pd.read_csv(snakemake.input.history)
    embedding_seconds["pretrain"] = [pretraining["seconds"].sum()]
stage = "import_features" if config["dataset"] is None else "extract_features"
embedding_seconds[stage] = [attributes["seconds"]]

page = summary(
    experiment=snakemake.wildcards.experiment,
    config=config,
    accuracy=accuracy,
    pretraining=pretraining,
    features=attributes,
    sizes=sizes,
    stage_seconds=embedding_seconds
    | {
        "cluster_pool and select_batch": accuracy["selection_seconds"].tolist(),
        "train_classifier": accuracy["training_seconds"].tolist(),
    },
)
write_text(snakemake.output.summary, page)
