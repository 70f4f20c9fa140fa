"""Tabulate the effective budget ratio (Table 2 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.reporting import tables
from ntkcpl.reporting.accuracy import read_accuracy

accuracy = read_accuracy(snakemake.input.accuracy)
tables.write(tables.effective_budget_table(accuracy), *snakemake.output)
