"""Collect the metrics of all classifiers of an experiment in one tidy table."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import COLUMNS, write_accuracy
from ntkcpl.artifacts.classifier import read_metrics
from ntkcpl.artifacts.provenance import Provenance, shortened

trained = Provenance(snakemake.params.made_by["classifier"])
rows = [read_metrics(path, trained) for path in snakemake.input.classifiers]
write_accuracy(
    snakemake.output.accuracy,
    [{name: row[name] for name in COLUMNS} for row in rows],
    Provenance(
        inputs={"classifiers": shortened(row["digest"] for row in rows)},
        identity=(snakemake.wildcards.experiment,),
        code=snakemake.params.code,
    ),
)
