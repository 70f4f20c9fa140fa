"""Plot loss and k-NN accuracy against the epochs of pretraining."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.reporting import plots
from ntkcpl.reporting.history import read_history

pretrained = Provenance(snakemake.params.made_by["encoder"])
history = read_history(snakemake.input.history, pretrained)
plots.save(plots.plot_pretraining(history), *snakemake.output)
