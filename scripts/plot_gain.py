"""Plot the gain over Random against the number of labels (Figure 3 of the paper)."""

from ntkcpl.logs import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.reporting import plots

accuracy = read_accuracy(snakemake.input.accuracy)
figure = plots.plot_gain(accuracy, title=snakemake.wildcards.experiment)
plots.save(figure, *snakemake.output)
