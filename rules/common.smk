"""The checked configuration, and the functions that name inputs, settings and code."""

import hashlib
import re
import sys
from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path

from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir, "scripts")
sys.path.insert(0, str(SCRIPTS))

from ntkcpl.config import ConfigError, load_config
from ntkcpl.encoders import packaged
from ntkcpl.settings import canonical_json

try:
    CONFIG = load_config(config)
except ConfigError as error:
    raise WorkflowError(str(error))

# What a strategy does in one round, with one seed; its logs mirror it.
RUN = "{experiment}/{strategy}/seed{seed}/round{round}"


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
# Those that embed views of the images they buy, not of the whole pool.
ROUND_BY_ROUND = {
    name
    for name in TRAINED | GIVEN
    if CONFIG.experiments[name].features.views_of == "labelled"
}


@cache
def code_digest(script, *modules):
    """Digest of the library modules that a script imports, directly or not, and of `modules`.

    Snakemake sees changes of the script itself, but not of what it imports.
    """
    finder = ModuleFinder(path=[str(SCRIPTS)])
    finder.run_script(str(SCRIPTS / f"{script}.py"))
    for module in modules:
        finder.import_hook(module)
    del finder.modules["__main__"]
    sha = hashlib.sha256()
    for file in sorted(Path(m.__file__) for m in finder.modules.values() if m.__file__):
        sha.update(file.relative_to(SCRIPTS).as_posix().encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()


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


def all_settings(wildcards):
    """The experiment's settings, with those of its strategies in place of their names."""
    name, experiment = wildcards.experiment, experiment_of(wildcards)
    strategies = {s: CONFIG.strategy(name, s) for s in experiment.strategies}
    return canonical(**experiment.model_dump() | {"strategies": strategies})


def batch_size(wildcards):
    """Images that the round buys."""
    return experiment_of(wildcards).batch_sizes[int(wildcards.round) - 1]


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


def clusters(wildcards):
    """The round's clusters, if the strategy clusters."""
    return (
        f"results/{RUN}/clusters.h5".format(**wildcards)
        if clustering_of(wildcards)
        else []
    )


def previous_classifier(wildcards):
    """The classifier of the round before, if there was one."""
    before = int(wildcards.round) - 1
    run = RUN.format(**dict(wildcards) | {"round": before})
    return f"results/{run}/classifier.h5" if before else []


def if_round_by_round(files):
    """Input function: what `files` names, where views are embedded round by round."""
    return lambda w: files(w) if w.experiment in ROUND_BY_ROUND else []


def views_so_far(wildcards):
    """The views of all images bought up to the round."""
    return expand(
        f"results/{RUN}/views.h5",
        **dict(wildcards) | {"round": range(1, int(wildcards.round) + 1)},
    )


def pretraining_history(wildcards):
    """The training curve of the encoder, if the experiment trains one."""
    if wildcards.experiment not in TRAINED:
        return []
    return "results/{experiment}/pretrain.csv".format(**wildcards)


def checkpoint(wildcards):
    """The file of the encoder's weights; none if they are downloaded or installed."""
    path = experiment_of(wildcards).encoder.checkpoint_file
    return str(path) if path else []


def installed_weights(wildcards):
    """The version of the package that brings the encoder's weights, if one does.

    Not the file itself, which is new whenever the environment is.
    """
    packed = experiment_of(wildcards).encoder.architecture == packaged.NAME
    return packaged.weights_version() if packed else None


def of_all_runs(file):
    """Input function: the files of that name of all rounds, in the order of the configuration."""
    return lambda w: expand(
        f"results/{RUN}/{file}",
        experiment=w.experiment,
        strategy=experiment_of(w).strategies,
        seed=experiment_of(w).seeds,
        round=range(1, len(experiment_of(w).budgets) + 1),
    )


def experiment_files(experiment):
    """What `all` asks for: an experiment's accuracies, figures, tables and summary."""
    files = [
        "accuracy.csv",
        "summary.md",
        *multiext("figures/accuracy", ".pdf", ".png"),
        *multiext("tables/accuracy", ".md", ".csv", ".tex"),
        *multiext("tables/behind_best", ".md", ".csv", ".tex"),
    ]
    if experiment in TRAINED:
        files += multiext("figures/pretraining", ".pdf", ".png")
    if (
        "random" in CONFIG.experiments[experiment].strategies
    ):  # what compares with Random
        files += multiext("figures/gain", ".pdf", ".png")
        files += multiext("tables/effective_budget", ".md", ".csv", ".tex")
    return [f"results/{experiment}/{file}" for file in files]


def of_all_rounds(file, strategy="{strategy}"):
    """Input function: the files of that name of all rounds of a run."""
    return lambda w: expand(
        f"results/{RUN}/{file}",
        experiment=w.experiment,
        strategy=strategy.format(**w),
        seed=w.seed,
        round=range(1, len(experiment_of(w).budgets) + 1),
    )


def ntkcpl_strategies(experiment):
    """The experiment's strategies that estimate coverage."""
    names = CONFIG.experiments[experiment].strategies
    return [
        name for name in names if CONFIG.strategy(experiment, name).method == "ntkcpl"
    ]


# From so many labels on the paper compares C_max (its Fig. 5): before, there are fewer clusters.
MANY_LABELS = 400


def cluster_numbers(experiment):
    """C_max of the experiment's NTKCPLs that differ in nothing else; of the first such family."""
    families = {}
    for name in ntkcpl_strategies(experiment):
        settings = dict(CONFIG.strategies[name])
        number = settings.pop("max_clusters")
        families.setdefault(canonical(**settings), {})[name] = number
    return next((family for family in families.values() if len(family) > 1), {})


def fidelity_files(experiment):
    """What `fidelity` asks for, besides what `all` does."""
    settings = CONFIG.experiments[experiment]
    files = multiext("figures/selection_time", ".pdf", ".png")
    if "random" in settings.strategies:
        files += multiext("figures/kernels", ".pdf", ".png")
        files += multiext("tables/kernels", ".md", ".csv", ".tex")
    if ntkcpl_strategies(experiment):
        for figure in ("coverage", "errors", "claim", "impurity", "over_clustering"):
            files += multiext(f"figures/{figure}", ".pdf", ".png")
        files += multiext("tables/coverage_notions", ".md", ".csv", ".tex")
        strategy, seed = ntkcpl_strategies(experiment)[0], settings.seeds[0]
        files += multiext(f"{strategy}/seed{seed}/round1/coverage_map", ".pdf", ".png")
    if cluster_numbers(experiment) and settings.budgets[-1] >= MANY_LABELS:
        files += multiext("figures/cluster_number", ".pdf", ".png")
    return [f"results/{experiment}/{file}" for file in files]
