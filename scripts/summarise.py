"""Write the page that a reader of an experiment's results sees first."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.artifacts.features import read_feature_facts
from ntkcpl.artifacts.files import write_text
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.reference import read_claims
from ntkcpl.artifacts.views import read_seconds
from ntkcpl.reporting.claims import judge
from ntkcpl.reporting.estimates import read_estimates
from ntkcpl.reporting.evidence import Runs
from ntkcpl.reporting.history import read_history
from ntkcpl.reporting.summary import summary

accuracy = read_accuracy(snakemake.input.accuracy)
made_by = snakemake.params.made_by
attributes, sizes = read_feature_facts(snakemake.input.features, Provenance(made_by["features"]))
config = json.loads(snakemake.params.settings)
pretraining, stage_seconds = None, {}
if snakemake.input.history:
    pretraining = read_history(snakemake.input.history, Provenance(made_by["encoder"]))
    stage_seconds["pretrain"] = [pretraining["seconds"].sum()]
stage = "extract_features" if config["embeddings"] is None else "import_features"
stage_seconds[stage] = [attributes["seconds"]]
stage_seconds["cluster_pool and select_batch"] = accuracy["selection_seconds"].tolist()
if snakemake.input.views:
    stage_seconds["embed_views"] = [
        read_seconds(path, Provenance(made_by["views"])) for path in snakemake.input.views
    ]
stage_seconds["train_classifier"] = accuracy["training_seconds"].tolist()
claims = []
if snakemake.input.claims:
    claims = judge(read_claims(snakemake.input.claims, config["reference"]), Runs(accuracy))

page = summary(
    experiment=snakemake.wildcards.experiment,
    config=config,
    accuracy=accuracy,
    estimates=read_estimates(snakemake.input.estimates),
    pretraining=pretraining,
    features=attributes,
    sizes=sizes,
    stage_seconds=stage_seconds,
    claims=claims,
)
write_text(snakemake.output.summary, page)
