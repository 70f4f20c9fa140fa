"""Plot how much of an error impure clusters explain (Fig. 7 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.frames import read_frames
from ntkcpl.reporting import coverage as coverage_report
from ntkcpl.reporting import plots

coverage = read_frames(snakemake.input.coverage, "coverage")
figure = coverage_report.plot_share(coverage, "impurity", title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
