"""Keep what people said that counts from a round on."""

from _job import log_to

log_to(snakemake.log[0])

import json

from ntkcpl.artifacts.labels import write_taken
from ntkcpl.records import Taken

write_taken(snakemake.output.labels, Taken(**json.loads(snakemake.params.taken)))
