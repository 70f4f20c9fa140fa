"""Write the page of an experiment that people label, as Markdown and as one file for a browser."""

from _job import log_to

log_to(snakemake.log[0])

from os.path import relpath
from pathlib import Path

from ntkcpl.artifacts.batch import read_coverage
from ntkcpl.artifacts.files import write_text
from ntkcpl.artifacts.labels import read_taken
from ntkcpl.artifacts.outcomes import read_outcomes
from ntkcpl.labels.predictions import doubtful, read_predictions
from ntkcpl.labels.review import PAGE, TABLE, read_review_table
from ntkcpl.reporting.benchmarks import stage_seconds
from ntkcpl.reporting.labelling import Labelling, labelling_page
from ntkcpl.reporting.web_page import web_page

files, experiment = snakemake.input, snakemake.wildcards.experiment
folder = Path(snakemake.output.summary).parent
review = Path(files.review) if files.review else None
run = Labelling(
    experiment=experiment,
    rounds=[read_taken(path) for path in files.labels],
    holdout=read_taken(files.holdout) if files.holdout else None,
    outcomes=read_outcomes(*files.outcomes) if files.outcomes else None,
    chosen=snakemake.params.chosen,
    coverage=[read_coverage(path) for path in snakemake.params.batches],
    unlabelled=sum(not row.label for row in read_predictions(files.predictions))
    if files.predictions
    else None,
    doubtful=doubtful(read_predictions(files.predictions)) if files.predictions else [],
    doubts=read_review_table(review / TABLE) if review else [],
    review=relpath(review / (PAGE if (review / PAGE).exists() else TABLE), folder)
    if review
    else "",
    batch_size=snakemake.params.batch_size,
    stage_seconds=stage_seconds(map(Path, snakemake.params.logs)),
    sheets={number: relpath(path, folder) for number, path in enumerate(files.sheets, start=1)},
)
write_text(snakemake.output.summary, labelling_page(run))
write_text(snakemake.output.page, web_page(labelling_page(run), experiment, folder))
