"""Tabulate mean and standard deviation of the accuracy (Table 1 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.reporting import tables

accuracy = read_accuracy(snakemake.input.accuracy)
tables.write(tables.accuracy_table(accuracy), *snakemake.output)
