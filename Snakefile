"""From unlabelled images to the paper's figures and tables: `snakemake` builds every experiment."""

from snakemake.utils import min_version

min_version("9.20")

# A configuration given on the command line stands alone; it is not merged into the default run.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


report: "rules/captions/workflow.rst"


include: "rules/common.smk"
include: "rules/scheduler.smk"
include: "rules/progress.smk"
include: "rules/pretrain.smk"
include: "rules/features.smk"
include: "rules/labelling_inputs.smk"
include: "rules/rounds.smk"
include: "rules/labelling.smk"
include: "rules/labelling_summary.smk"
include: "rules/evaluate.smk"
include: "rules/paper.smk"
include: "rules/report.smk"
include: "rules/fidelity_inputs.smk"
include: "rules/fidelity.smk"


wildcard_constraints:
    experiment=one_of(CONFIG.experiments),  # not the folder results/summary
    strategy="[^/]+",
    seed="[0-9]+",
    round="[0-9]+",


rule all:
    default_target: True
    input:
        lambda w: [
            *of_experiments("evaluate.smk", "paper.smk", "report.smk"),
            *spanning_files(),
            *files_to_label(),
        ],
    localrule: True
    message:
        "All figures, tables and summaries are there"
