"""Sort all images into folders of links, by what people said or else by the prediction."""

from _job import log_to

log_to(snakemake.log[0])

from pathlib import Path

from ntkcpl.artifacts.cells import read_cells
from ntkcpl.labels.sorting import sort_images

rows = read_cells(snakemake.input.predictions, ("id", "class", "label"))
sort_images(
    Path(snakemake.output.sorted),
    Path(snakemake.params.root),
    [(row["id"], row["label"] or row["class"]) for row in rows],
)
