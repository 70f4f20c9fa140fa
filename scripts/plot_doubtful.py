"""Draw a contact sheet of the images that the latest classifier is least sure of."""

from _job import log_to

log_to(snakemake.log[0])

from pathlib import Path

from ntkcpl.labels.predictions import doubtful, read_predictions
from ntkcpl.reporting.contact_sheet import Cell, contact_sheet

rows = doubtful(read_predictions(snakemake.input.predictions))
root, experiment = Path(snakemake.params.root), snakemake.wildcards.experiment
contact_sheet(
    snakemake.output.sheet,
    f"{experiment}: the {len(rows)} most doubtful images, with their likeliest class",
    [Cell(root / row.id, f"{row.class_} {row.probability:.0%}", row.id) for row in rows],
)
