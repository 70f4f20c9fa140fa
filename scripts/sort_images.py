"""Sort all images into folders of links, by what people said or else by the prediction."""

from _job import log_to

log_to(snakemake.log[0])

from pathlib import Path

from ntkcpl.artifacts.texts import read_table
from ntkcpl.labels.predictions import COLUMNS, KIND
from ntkcpl.labels.sorting import sort_images

rows, _ = read_table(snakemake.input.predictions, KIND, COLUMNS)
sort_images(
    Path(snakemake.output.sorted),
    Path(snakemake.params.root),
    [(row["id"], row["label"] or row["class"]) for row in rows],
)
