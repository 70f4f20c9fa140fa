"""Plot accuracy against the number of labels (Figure 2 of the paper)."""

from _job import log_to

log_to(snakemake.log[0])

import pandas as pd

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.artifacts.reference import read_curves
from ntkcpl.reporting import curves, plots

accuracy = pd.concat(map(read_accuracy, snakemake.input.accuracy))
paper = None
if snakemake.input.paper:
    paper = read_curves(snakemake.input.paper, snakemake.params.references)
plots.save(curves.plot_accuracy(accuracy, paper), *snakemake.output)
