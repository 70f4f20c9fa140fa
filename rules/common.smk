"""The checked configuration, and the functions that name inputs, settings and code."""

import hashlib
import re
import sys
from functools import cache, partial
from os.path import relpath
from pathlib import Path

from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.current_basedir).parent / "scripts"
sys.path[:0] = [str(SCRIPTS), str(workflow.current_basedir)]

from digest import digest_code
from ntkcpl.artifacts import reference
from ntkcpl.candidates import Prototypes
from ntkcpl.config import ConfigError, load_config
from ntkcpl.image_changes import stamps
from ntkcpl.precomputed import files_of
from ntkcpl.settings import canonical_json

try:
    CONFIG = load_config(config, workflow.configfiles)
except ConfigError as error:
    raise WorkflowError(str(error))

# What a strategy does in one round, with one seed; its logs mirror it.
RUN = "{experiment}/{strategy}/seed{seed}/round{round}"
# That in a rule's message.
THIS_ROUND = RUN.replace("{", "{wildcards.")


def one_of(names):
    """The wildcard constraint that allows `names` and, if there are none, nothing."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


# Experiments that start from ready embeddings, and those that make their own.
READY = {name for name, e in CONFIG.experiments.items() if e.embeddings}
# Those whose encoder has weights already, and those that train one.
GIVEN = {
    n for n, e in CONFIG.experiments.items() if e.encoder and e.encoder.has_weights
}
TRAINED = CONFIG.experiments.keys() - READY - GIVEN
# Those that people label, and those whose labels are known and only handed out.
LABELLED = [n for n, e in CONFIG.experiments.items() if e.labels]
SIMULATED = [n for n, e in CONFIG.experiments.items() if not e.labels]
# Those whose images are files in a folder, which may change meanwhile.
PHOTOS = {n for n in LABELLED if CONFIG.experiments[n].dataset}
# Those that hold out images, on which the classifiers are evaluated.
HOLDING_OUT = {n for n in LABELLED if CONFIG.experiments[n].holdout}
# Our experiments that are compared with the paper's -> those; and those that have a Random.
REFERENCES = {n: e.reference for n, e in CONFIG.experiments.items() if e.reference}
WITH_RANDOM = [n for n in SIMULATED if "random" in CONFIG.experiments[n].strategies]
# Those that embed views of the images they buy, not of the whole pool.
ROUND_BY_ROUND = {
    name for name in TRAINED | GIVEN if CONFIG.experiments[name].features.are_of_rounds
}

# Of the code behind a script, which Snakemake does not look into: `digest_code`.
code_digest = cache(partial(digest_code, SCRIPTS))


def canonical(**settings):
    """One text for all settings of a stage.

    Snakemake compares params as a sorted list, in which two that have swapped their values look
    unchanged.
    """
    return canonical_json(settings)


def experiment_of(wildcards):
    """The experiment's settings."""
    return CONFIG.experiments[wildcards.experiment]


def strategy_of(wildcards):
    """The strategy's settings."""
    return CONFIG.strategy(wildcards.experiment, wildcards.strategy)


def encoder_settings(wildcards):
    """What the encoder is made by."""
    experiment = experiment_of(wildcards)
    settings = {"encoder": experiment.encoder}
    if wildcards.experiment in TRAINED:
        settings |= {
            "dataset": experiment.dataset,
            "pretraining": experiment.pretraining,
        }
    return settings


def features_settings(wildcards):
    """What features are made by, the encoder included: so those of another encoder are told."""
    experiment = experiment_of(wildcards)
    if wildcards.experiment in READY:
        return {"embeddings": experiment.embeddings}
    views = {"dataset": experiment.dataset, "features": experiment.features}
    return encoder_settings(wildcards) | views


def made_by(*kinds):
    """Params function: the settings that files of these kinds were made by, which readers compare.

    As far as those of a whole run share them. Of a kind that a job could read and does not, nothing
    is said: the first round does not depend on how classifiers are trained.
    """

    def settings(wildcards, input):
        experiment = experiment_of(wildcards)
        of = {
            "encoder": lambda: encoder_settings(wildcards),
            "features": lambda: features_settings(wildcards),
            "views": lambda: {
                "dataset": experiment.dataset,
                "features": experiment.features,
            },
            "classifier": lambda: {"classifier": experiment.classifier},
            # What people were asked stays as it was.
            "batch": lambda: (
                {} if experiment.labels else {"strategy": strategy_of(wildcards)}
            ),
            "clusters": lambda: dict(clustering_of(wildcards) or {}),
        }
        read = [kind for kind in kinds if getattr(input, kind, True)]
        return {kind: canonical(**of[kind]()) for kind in read}

    return settings


def unused_in_selection(wildcards):
    """Modules that a selection imports only where the strategy has clusters or prototypes."""
    considers = getattr(strategy_of(wildcards), "candidates", None)
    return (
        *(() if clustering_of(wildcards) else ("ntkcpl.artifacts.clusters",)),
        *(() if isinstance(considers, Prototypes) else ("ntkcpl.geometry.prototypes",)),
    )


def batch_size(wildcards):
    """Images that the round buys."""
    return experiment_of(wildcards).batch_sizes[int(wildcards.round) - 1]


def root_of(name):
    """The folder of an experiment's images."""
    return Path(CONFIG.experiments[name].dataset.root).expanduser()


@cache
def listing_of(name):
    """Size and time of change of each image in the folder, by its name."""
    return stamps(root_of(name))


def listing_digest(name):
    """A digest of that."""
    return hashlib.sha256(
        repr(sorted(listing_of(name).items())).encode("utf-8", "backslashreplace")
    ).hexdigest()


def memory_mb(of):
    """Resource function: megabytes for a job that does what `of` returns, and its libraries."""

    def megabytes(wildcards, attempt):
        experiment = experiment_of(wildcards)
        images, width = experiment.pool_shape
        width = max(width, experiment.classifier.hidden_width)
        needed = of(wildcards).memory(images, width, experiment.budgets[-1])
        return attempt * max(4000, 2000 + (needed + 4 * images * width) // 2**20)

    return megabytes


def clustering_of(wildcards):
    """What `cluster_pool` must do before the round, or None."""
    budgets = experiment_of(wildcards).budgets
    labels = budgets[int(wildcards.round) - 1]
    return strategy_of(wildcards).clustering(labels=labels, first_budget=budgets[0])


def of_all_rounds(file, experiment, strategies, seeds):
    """The files of that name of all rounds of these runs, in the order of the configuration."""
    return expand(
        f"results/{RUN}/{file}",
        experiment=experiment,
        strategy=strategies,
        seed=seeds,
        round=range(1, len(CONFIG.experiments[experiment].budgets) + 1),
    )


def of_all_runs(file):
    """Input function: the files of that name of all rounds of all runs."""
    return lambda w: of_all_rounds(
        file, w.experiment, experiment_of(w).strategies, experiment_of(w).seeds
    )


def of_experiments(*rule_files):
    """What rules in these files make of whole experiments that nobody has to label.

    Plain names: in the report a file is that of the rule that made it, not of the one that asks.
    """
    return [
        str(file)
        for rule in workflow.rules
        if Path(rule.snakefile).name in rule_files
        for output in rule.output
        if output.get_wildcard_names() == {"experiment"}
        for experiment in SIMULATED
        if output.match(file := output.apply_wildcards({"experiment": experiment}))
    ]


def references(experiments):
    """Those of `experiments` that are compared with the paper's -> the paper's."""
    return {n: REFERENCES[n] for n in experiments if n in REFERENCES}


def paper_accuracy(experiments):
    """The paper's accuracies, if any of `experiments` is compared with them.

    Relative, like all inputs: a checkout that was moved makes nothing again.
    """
    return relpath(reference.ACCURACY) if references(experiments) else []


def spanning_files():
    """What the rules in paper.smk make of all experiments together."""
    files = [*rules.plot_accuracies.output] if SIMULATED else []
    if WITH_RANDOM:
        files += [*rules.plot_gains.output, *rules.table_effective_budgets.output]
    return [str(file) for file in files]
