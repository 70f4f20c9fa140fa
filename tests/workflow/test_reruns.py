"""What a change runs again: the job list of a real dry run on finished results."""

import pytest

STRATEGIES = ["random", "entropy", "typiclust", "ntkcpl_self", "ntkcpl_al"]
WITHOUT_CLUSTERS = {"random", "entropy"}
# What follows whenever an accuracy changes.
EVALUATION = {
    ("collect_accuracy", "experiment=smoke"),
    ("estimate_accuracy", "experiment=smoke"),
    ("plot_accuracy", "experiment=smoke"),
    ("plot_gain", "experiment=smoke"),
    ("table_accuracy", "experiment=smoke"),
    ("table_behind_best", "experiment=smoke"),
    ("table_effective_budget", "experiment=smoke"),
    ("summarise", "experiment=smoke"),
}

STATEMENT = "\nEDITED = True\n"
NEW_FIGURE = """

rule plot_new:
    input:
        "results/{experiment}/accuracy.csv",
    output:
        "results/{experiment}/figures/new.pdf",
    script:
        "../scripts/plot_accuracy.py"
"""


def rounds(strategies, seeds, numbers, rules=("cluster_pool", "select_batch", "train_classifier")):
    """The jobs of these rounds."""
    return {
        (rule, f"experiment=smoke, strategy={strategy}, seed={seed}, round={number}")
        for rule in rules
        for strategy in strategies
        for seed in seeds
        for number in numbers
        if rule != "cluster_pool" or strategy not in WITHOUT_CLUSTERS
    }


def smoke(workflow):
    return workflow.config["experiments"]["smoke"]


def append(workflow, file, text):
    path = workflow.folder / file
    path.write_text(path.read_text() + text)


def test_nothing(rerun):
    assert rerun.planned() == set()
    code, output = rerun.run()
    assert code == 0
    assert "Nothing to be done" in output


def test_another_seed(rerun):
    smoke(rerun)["seeds"].append(7)
    assert rerun.planned() == rounds(STRATEGIES, [7], [1, 2, 3]) | EVALUATION


def test_another_strategy(rerun):
    rerun.config["strategies"]["ntkcpl_al_c12"] = {
        "method": "ntkcpl",
        "feature": "al",
        "max_clusters": 12,
    }
    smoke(rerun)["strategies"].append("ntkcpl_al_c12")
    new = rounds(["ntkcpl_al_c12"], smoke(rerun)["seeds"], [1, 2, 3])
    assert rerun.planned() == new | EVALUATION


def test_another_budget_at_the_end(rerun):
    smoke(rerun)["budgets"].append(40)
    assert rerun.planned() == rounds(STRATEGIES, smoke(rerun)["seeds"], [4]) | EVALUATION


def test_a_changed_budget_in_the_middle(rerun):
    smoke(rerun)["budgets"][1] = 25
    assert rerun.planned() == rounds(STRATEGIES, smoke(rerun)["seeds"], [2, 3]) | EVALUATION


def test_a_changed_classifier(rerun):
    smoke(rerun)["classifier"]["epochs"] = 11
    every_round = rounds(STRATEGIES, smoke(rerun)["seeds"], [1, 2, 3])
    first = rounds(STRATEGIES, smoke(rerun)["seeds"], [1], ["cluster_pool", "select_batch"])
    assert rerun.planned() == (every_round - first) | EVALUATION


@pytest.mark.parametrize("here", [False, True])
def test_a_changed_parameter_of_a_strategy(rerun, here):
    if here:  # in the experiment only
        strategies = smoke(rerun)["strategies"]
        strategies[strategies.index("ntkcpl_self")] = {"ntkcpl_self": {"ridge": 0.01}}
    else:
        rerun.config["strategies"]["ntkcpl_self"]["ridge"] = 0.01
    every_round = rounds(["ntkcpl_self"], smoke(rerun)["seeds"], [1, 2, 3])
    first = rounds(["ntkcpl_self"], smoke(rerun)["seeds"], [1], ["cluster_pool"])
    assert rerun.planned() == (every_round - first) | EVALUATION


def test_a_changed_pretraining(rerun):
    smoke(rerun)["pretraining"]["epochs"] = 3
    everything = rounds(STRATEGIES, smoke(rerun)["seeds"], [1, 2, 3]) | EVALUATION
    everything |= {
        (rule, "experiment=smoke") for rule in ("pretrain", "extract_features", "plot_pretraining")
    }
    assert rerun.planned() == everything


def test_the_same_settings_in_other_words(rerun):
    experiment = smoke(rerun)
    rerun.config["experiments"]["smoke"] = dict(reversed(experiment.items()))
    rerun.config["strategies"] = dict(reversed(rerun.config["strategies"].items()))
    rerun.config["strategies"]["typiclust"]["neighbours"] = 20  # the default, written out
    assert rerun.planned() == set()


@pytest.mark.parametrize("file", ["README.md", "config.yaml", "scripts/ntkcpl/config.py"])
def test_an_edit_that_decides_nothing(rerun, file):
    append(rerun, file, STATEMENT)
    assert rerun.planned() == set()


def test_docstrings_and_comments_are_free(rerun):
    for path in (rerun.folder / "scripts").rglob("*.py"):
        text = path.read_text()
        assert text.startswith('"""')
        path.write_text(text.replace('"""', '"""Edited. ', 1) + "\n\n# an edit\n")
    assert rerun.planned() == set()


def every_round(rerun, strategies=STRATEGIES):
    return rounds(strategies, smoke(rerun)["seeds"], [1, 2, 3])


def first_clusters(rerun):
    return rounds(STRATEGIES, smoke(rerun)["seeds"], [1], ["cluster_pool"])


@pytest.mark.parametrize("module", ["artifacts/features", "records"])
def test_edited_features(rerun, module):
    append(rerun, f"scripts/ntkcpl/{module}.py", STATEMENT)
    extraction = {("extract_features", "experiment=smoke")}
    assert rerun.planned() == extraction | every_round(rerun) | EVALUATION


@pytest.mark.parametrize("module", ["artifacts/clusters", "geometry/kmeans", "pseudo_labels"])
def test_edited_clusters(rerun, module):
    append(rerun, f"scripts/ntkcpl/{module}.py", STATEMENT)
    clustering = [name for name in STRATEGIES if name not in WITHOUT_CLUSTERS]
    assert rerun.planned() == every_round(rerun, clustering) | EVALUATION


def test_edited_classifiers(rerun):
    append(rerun, "scripts/ntkcpl/artifacts/classifier.py", STATEMENT)
    assert rerun.planned() == every_round(rerun) | EVALUATION


def test_edited_batches(rerun):
    append(rerun, "scripts/ntkcpl/artifacts/batch.py", STATEMENT)
    assert rerun.planned() == (every_round(rerun) - first_clusters(rerun)) | EVALUATION


def test_edited_kernel(rerun):
    append(rerun, "scripts/ntkcpl/regression/kernel.py", STATEMENT)
    ntkcpl = every_round(rerun, ["ntkcpl_self", "ntkcpl_al"])
    assert rerun.planned() == (ntkcpl - first_clusters(rerun)) | EVALUATION


def test_edited_figure_style(rerun):
    append(rerun, "scripts/ntkcpl/reporting/plots.py", STATEMENT)
    figures = ("plot_accuracy", "plot_gain", "plot_pretraining")
    assert rerun.planned() == {(rule, "experiment=smoke") for rule in figures}


def test_an_edited_script(rerun):
    append(rerun, "scripts/plot_gain.py", STATEMENT)
    assert rerun.planned() == {("plot_gain", "experiment=smoke")}


def test_a_new_figure_is_asked_for(rerun):
    append(rerun, "rules/evaluate.smk", NEW_FIGURE)
    assert rerun.planned() == {("plot_new", "experiment=smoke")}


def test_without_random_nothing_is_compared_with_it(rerun):
    smoke(rerun)["strategies"].remove("random")
    compared = {(rule, "experiment=smoke") for rule in ("plot_gain", "table_effective_budget")}
    assert rerun.planned() == EVALUATION - compared
