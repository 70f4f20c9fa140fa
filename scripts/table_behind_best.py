"""Tabulate how far each strategy is behind the best, and where a paired test can tell."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.reporting import tables
from ntkcpl.reporting.accuracy import read_accuracy

accuracy = read_accuracy(snakemake.input.accuracy)
tables.write(tables.behind_best_table(accuracy), *snakemake.output)
