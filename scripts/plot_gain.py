"""Plot the gain over Random against the number of labels (Figure 3 of the paper)."""

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
plots.save(curves.plot_gain(accuracy, paper), *snakemake.output)
