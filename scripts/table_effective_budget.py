"""Tabulate the effective budget ratio (Table 2 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.reporting import tables

accuracy = read_accuracy(snakemake.input.accuracy)
tables.write(tables.effective_budget_table(accuracy), *snakemake.output)
