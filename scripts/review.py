"""List the labels that are likely slips, and write the page on which people check them."""

from _job import log_to

log_to(snakemake.log[0])

import json
from pathlib import Path

from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.labels import read_held, read_taken
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.labels.review import (
    MOST,
    PAGE,
    TABLE,
    Doubt,
    write_review_page,
    write_review_table,
)
from ntkcpl.labels.rows import Suggestion
from ntkcpl.labels.thumbnails import thumbnails
from ntkcpl.seeding import numpy_generator
from ntkcpl.slips import likely_slips

w = snakemake.wildcards
settings = json.loads(snakemake.params.settings)
unchecked = json.loads(snakemake.params.said)
features = read_features(snakemake.input.features, Provenance(snakemake.params.made_by["features"]))
held = read_held(snakemake.input.labels, features)
rounds = {
    image: number
    for number, path in enumerate(snakemake.input.labels, start=1)
    for image in read_taken(path).answers
}
slips = likely_slips(
    features.embedding[held.labelled],
    held.label,
    len(held.classes),
    numpy_generator(w.experiment, "review"),
)
doubts = [
    Doubt(
        image,
        held.classes[held.label[place]],
        unchecked[image],
        rounds[image],
        Suggestion(held.classes[predicted], float(probability)),
    )
    for place, predicted, probability in zip(*slips, strict=True)
    if (image := features.id[held.labelled[place]]) in unchecked
][:MOST]
folder = Path(snakemake.output.review)
write_review_table(folder / TABLE, doubts)
if settings["dataset"] is not None and doubts:
    root = Path(settings["dataset"]["root"]).expanduser()
    write_review_page(
        folder / PAGE,
        doubts,
        thumbnails([root / doubt.id for doubt in doubts]),
        experiment=w.experiment,
        classes=held.classes,
        may_add=settings["classes"] is None,
        save_to=settings["labels"],
    )
