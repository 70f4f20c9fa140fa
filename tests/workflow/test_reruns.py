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


def test_a_changed_parameter_of_a_strategy(rerun):
    rerun.config["strategies"]["ntkcpl_self"]["jitter"] = 0.01
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
    append(rerun, file, "\n# a comment\n")
    assert rerun.planned() == set()


def test_edited_pseudo_labels(rerun):
    append(rerun, "scripts/ntkcpl/pseudo_labels.py", "\n# an edit\n")
    clustering = [name for name in STRATEGIES if name not in WITHOUT_CLUSTERS]
    assert rerun.planned() == rounds(clustering, smoke(rerun)["seeds"], [1, 2, 3]) | EVALUATION


def test_edited_kernel(rerun):
    append(rerun, "scripts/ntkcpl/kernel.py", "\n# an edit\n")
    ntkcpl, seeds = ["ntkcpl_self", "ntkcpl_al"], smoke(rerun)["seeds"]
    every_round = rounds(ntkcpl, seeds, [1, 2, 3])
    first = rounds(ntkcpl, seeds, [1], ["cluster_pool"])
    assert rerun.planned() == (every_round - first) | EVALUATION


def test_edited_figure_style(rerun):
    append(rerun, "scripts/ntkcpl/plots.py", "\n# an edit\n")
    figures = ("plot_accuracy", "plot_gain", "plot_pretraining")
    assert rerun.planned() == {(rule, "experiment=smoke") for rule in figures}
