"""Plot loss and k-NN accuracy against the epochs of pretraining."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.reporting import plots

plots.save(plots.plot_pretraining(pd.read_csv(snakemake.input.history)), *snakemake.output)
