"""Tabulate which of the paper's claims the runs reproduce."""

from _job import log_to

log_to(snakemake.log[0])

from ntkcpl.artifacts.accuracy import read_accuracy
from ntkcpl.artifacts.reference import read_claims
from ntkcpl.reporting import tables
from ntkcpl.reporting.against_paper import claims_table
from ntkcpl.reporting.claims import judge
from ntkcpl.reporting.evidence import Runs

accuracy = read_accuracy(snakemake.input.accuracy)
claims = read_claims(snakemake.input.claims, snakemake.params.reference)
tables.write(claims_table(judge(claims, Runs(accuracy))), *snakemake.output)
