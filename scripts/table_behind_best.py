"""Tabulate how far each strategy is behind the best, and where a paired test can tell."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.reporting import tables

accuracy = read_accuracy(snakemake.input.accuracy)
tables.write(tables.behind_best_table(accuracy), *snakemake.output)
