"""Tabulate how far notions of coverage agree with the truth."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.reporting import tables
from ntkcpl.reporting.coverage_map import notions_table

notions = pd.concat(map(pd.read_csv, snakemake.input.notions))
tables.write(notions_table(notions), *snakemake.output)
