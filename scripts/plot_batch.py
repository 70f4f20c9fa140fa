"""Draw a contact sheet of a batch that people have answered."""

from _job import log_to

log_to(snakemake.log[0])

from pathlib import Path

from ntkcpl.artifacts.labels import read_taken
from ntkcpl.labels.names import SKIPPED
from ntkcpl.reporting.contact_sheet import Cell, contact_sheet

w, root = snakemake.wildcards, Path(snakemake.params.root)
asked = read_taken(snakemake.input.labels).asked
contact_sheet(
    snakemake.output.sheet,
    f"{w.experiment}: the {len(asked)} images of round {w.round}, in the order of their choice",
    [Cell(root / image, label or SKIPPED, image) for image, label in asked.items()],
)
