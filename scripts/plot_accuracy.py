"""Plot accuracy against the number of labels (Figure 2 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.reporting import plots
from ntkcpl.reporting.accuracy import read_accuracy

accuracy = read_accuracy(snakemake.input.accuracy)
figure = plots.plot_accuracy(accuracy, title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
