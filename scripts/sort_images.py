"""Sort all images into folders of links, by what people said or else by the prediction."""

from _job import log_to

log_to(snakemake.log[0])

import csv
from pathlib import Path

from ntkcpl.labels.names import unescape_formula
from ntkcpl.labels.sorting import sort_images

predictions = Path(snakemake.input.predictions)
with predictions.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
    rows = [
        (unescape_formula(row["id"]), unescape_formula(row["label"] or row["class"]))
        for row in csv.DictReader(file)
    ]
sort_images(Path(snakemake.output.sorted), Path(snakemake.params.root), rows)
