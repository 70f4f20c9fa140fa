"""Tabulate the effective budget ratio over all experiments beside the paper's Table 2."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.artifacts.reference import read_curves, read_effective_budget
from ntkcpl.reporting import tables
from ntkcpl.reporting.against_paper import overall_budget_table

accuracy = pd.concat(map(read_accuracy, snakemake.input.accuracy))
paper = read_curves(snakemake.input.paper)
printed = read_effective_budget(snakemake.input.printed)
tables.write(overall_budget_table(accuracy, paper, printed), *snakemake.output)
