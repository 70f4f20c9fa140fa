"""Plot how often kernels and trained classifiers predict the same class (section 3.3)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.frames import read_frames
from ntkcpl.reporting import fidelity as fidelity_report
from ntkcpl.reporting import plots

kernels = read_frames(snakemake.input.kernels, "kernels")
figure = fidelity_report.plot_kernels(kernels, title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
