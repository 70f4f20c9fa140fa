"""Tabulate how often kernels and trained heads predict the same class."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl import fidelity_report, tables

kernels = pd.concat(map(pd.read_csv, snakemake.input.kernels))
tables.write(fidelity_report.kernel_table(kernels), *snakemake.output)
