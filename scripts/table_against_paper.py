"""Tabulate gains over Random and the order of strategies beside the paper's."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.artifacts.reference import read_curves
from ntkcpl.reporting import tables
from ntkcpl.reporting.against_paper import against_paper_table

accuracy = read_accuracy(snakemake.input.accuracy)
paper = read_curves(snakemake.input.paper, snakemake.params.references)
tables.write(against_paper_table(accuracy, paper), *snakemake.output)
