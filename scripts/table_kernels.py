"""Tabulate how often kernels and trained classifiers predict the same class."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.frames import read_frames
from ntkcpl.reporting import fidelity as fidelity_report
from ntkcpl.reporting import tables

kernels = read_frames(snakemake.input.kernels, "kernels")
tables.write(fidelity_report.kernel_table(kernels), *snakemake.output)
