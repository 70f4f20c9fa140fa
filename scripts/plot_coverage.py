"""Plot estimated against true coverage and the classifier's accuracy (the paper's section 3.3)."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.reporting import fidelity as fidelity_report
from ntkcpl.reporting import plots

coverage = pd.concat(map(pd.read_csv, snakemake.input.coverage))
figure = fidelity_report.plot_coverage(coverage, title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
