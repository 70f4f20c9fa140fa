"""Plot the accuracy by the largest number of clusters (Fig. 5 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.reporting import plots
from ntkcpl.reporting.cluster_number import plot_cluster_number

accuracy = read_accuracy(snakemake.input.accuracy)
late = accuracy[accuracy["labels"] >= snakemake.params.fewest_labels]
title = snakemake.wildcards.experiment
figure = plot_cluster_number(late, snakemake.params.numbers, title)
plots.save(figure, *snakemake.output)
