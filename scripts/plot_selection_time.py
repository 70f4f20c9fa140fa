"""Plot how long strategies took to choose (Fig. 9 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.reporting import plots
from ntkcpl.reporting.selection_time import plot_selection_time

accuracy = read_accuracy(snakemake.input.accuracy)
figure = plot_selection_time(accuracy, title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
