"""Plot the gain over Random against the number of labels (Figure 3 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.reporting import plots
from ntkcpl.reporting.accuracy import read_accuracy

accuracy = read_accuracy(snakemake.input.accuracy)
figure = plots.plot_gain(accuracy, title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
