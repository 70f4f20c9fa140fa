"""Plot the accuracy of each round's classifier, on the holdout or cross-validated."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.outcomes import read_outcomes
from ntkcpl.reporting import plots
from ntkcpl.reporting.learning_curve import plot_learning_curve

figure = plot_learning_curve(
    read_outcomes(*snakemake.input.outcomes),
    snakemake.wildcards.experiment,
    snakemake.params.chosen,
)
plots.save(figure, *snakemake.output)
