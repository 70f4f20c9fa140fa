"""Keep what people said that counts from a round on."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl.artifacts.labels import write_taken
from ntkcpl.artifacts.provenance import Provenance, place_of
from ntkcpl.records import Taken

labels = snakemake.output.labels
write_taken(
    labels,
    Taken(**json.loads(snakemake.params.taken)),
    # Of a round, or of the holdout.
    Provenance(identity=place_of(labels), code=snakemake.params.code),
)
