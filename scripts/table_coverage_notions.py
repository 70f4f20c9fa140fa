"""Tabulate how far notions of coverage agree with the truth."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.frames import read_frames
from ntkcpl.reporting import tables
from ntkcpl.reporting.coverage_map import notions_table

notions = read_frames(snakemake.input.notions, "notions")
tables.write(notions_table(notions), *snakemake.output)
