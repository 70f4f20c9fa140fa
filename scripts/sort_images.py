"""Sort all images into folders of links, by what people said or else by the prediction."""

from _job import log_to

log_to(snakemake.log[0])

from pathlib import Path

from ntkcpl.labels.predictions import read_predictions
from ntkcpl.labels.sorting import sort_images

rows = read_predictions(snakemake.input.predictions)
sort_images(
    Path(snakemake.output.sorted),
    Path(snakemake.params.root),
    ((row.id, row.label or row.class_) for row in rows),
)
