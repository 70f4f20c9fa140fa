"""Draw the images of the holdout, and keep those that were drawn before."""

from _job import log_to

log_to(snakemake.log[0])

from pathlib import Path

from ntkcpl.artifacts.batch import read_ids
from ntkcpl.artifacts.cells import write_cells
from ntkcpl.artifacts.features import read_ids as read_pool
from ntkcpl.artifacts.images import read_images
from ntkcpl.image_changes import former_names
from ntkcpl.labels.holdout import draw_holdout
from ntkcpl.seeding import numpy_generator

batch = Path(snakemake.output.batch)
former = former_names(read_images(snakemake.input.images)) if snakemake.input.images else {}
images = draw_holdout(
    read_pool(snakemake.input.features),
    read_ids(batch) if batch.exists() else [],
    former,
    snakemake.params.number,
    # Of the experiment alone: whatever strategy and seed, the holdout is the same.
    numpy_generator(snakemake.wildcards.experiment, "draw_holdout"),
)
write_cells(batch, ("rank", "id"), [(str(k), image) for k, image in enumerate(images, start=1)])
