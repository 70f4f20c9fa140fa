"""Draw the images of the holdout, and keep those that were drawn before."""

from _job import log_to

log_to(snakemake.log[0])

from pathlib import Path

from ntkcpl.artifacts.batch import read_ids, write_ids
from ntkcpl.artifacts.features import read_ids as read_pool
from ntkcpl.artifacts.images import read_images
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.image_changes import former_names
from ntkcpl.labels.holdout import draw_holdout
from ntkcpl.seeding import numpy_generator

w = snakemake.wildcards
batch = Path(snakemake.output.batch)
former = former_names(read_images(snakemake.input.images)) if snakemake.input.images else {}
images = draw_holdout(
    read_pool(snakemake.input.features, Provenance(snakemake.params.made_by["features"])),
    read_ids(batch) if batch.exists() else [],
    former,
    snakemake.params.number,
    # Of the experiment alone: whatever strategy and seed, the holdout is the same.
    numpy_generator(w.experiment, "draw_holdout"),
)
# Of no inputs: what was drawn stays, whatever the features are by now.
write_ids(batch, images, Provenance(identity=(w.experiment, "holdout"), code=snakemake.params.code))
