"""Keep what people said that counts from a round on."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl.artifacts.labels import write_taken
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.records import Taken

w = snakemake.wildcards
write_taken(
    snakemake.output.labels,
    Taken(**json.loads(snakemake.params.taken)),
    Provenance(
        identity=(w.experiment, w.strategy, int(w.seed), int(w.round)), code=snakemake.params.code
    ),
)
