"""Plot accuracy against the number of labels (Figure 2 of the paper)."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.reporting import plots

accuracy = read_accuracy(snakemake.input.accuracy)
figure = plots.plot_accuracy(accuracy, title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
