"""Tabulate how often kernels and trained classifiers predict the same class."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.reporting import fidelity as fidelity_report
from ntkcpl.reporting import tables

kernels = pd.concat(map(pd.read_csv, snakemake.input.kernels))
tables.write(fidelity_report.kernel_table(kernels), *snakemake.output)
