"""Draw a contact sheet of the images that the latest classifier is least sure of."""

from _job import log_to

log_to(snakemake.log[0])

from pathlib import Path

from ntkcpl.labels.predictions import doubtful, read_predictions
from ntkcpl.reporting.contact_sheet import Cell, contact_sheet

rows = doubtful(read_predictions(snakemake.input.predictions))
root = Path(snakemake.params.root)
contact_sheet(
    snakemake.output.sheet,
    f"{snakemake.wildcards.experiment}: the {len(rows)} most doubtful images, by likeliest class",
    [Cell(root / row.id, f"{row.class_} {row.probability:.0%}", row.id) for row in rows],
)
