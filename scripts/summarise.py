"""Write the page that a reader of an experiment's results sees first."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

import json

import pandas as pd

from ntkcpl.artifacts import open_hdf5, write_text
from ntkcpl.evaluation import read_accuracy
from ntkcpl.summary import summary

accuracy = read_accuracy(snakemake.input.accuracy)
with open_hdf5(snakemake.input.features, "features") as file:
    pool, dimension = file["pool/embedding"].shape
    sizes = {
        "pool": pool,
        "dimension": dimension,
        "views": file["pool/views"].shape[1],
        "test": len(file["test/id"]),
        "classes": len(file["classes"]),
    }
    attributes = dict(file.attrs)

if snakemake.input.history:
    pretraining = pd.read_csv(snakemake.input.history)
    embedding_seconds = {
        "pretrain": [pretraining["seconds"].sum()],
        "extract_features": [attributes["seconds"]],
    }
else:  # the embeddings were brought along
    pretraining = None
    embedding_seconds = {"import_features": [attributes["seconds"]]}

page = summary(
    experiment=snakemake.wildcards.experiment,
    config=json.loads(snakemake.params.settings),
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
