"""Plot how often regressions on classes and on clusters agree (Fig. 6 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.reporting import coverage as coverage_report
from ntkcpl.reporting import plots

coverage = pd.concat(map(pd.read_csv, snakemake.input.coverage))
figure = coverage_report.plot_share(coverage, "claim", title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
