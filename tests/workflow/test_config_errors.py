"""A wrong configuration: one sentence with the key and what is allowed, before any job."""

import copy

import pytest

from ntkcpl.strategies import methods


@pytest.fixture(scope="module")
def workflow(new_workflow, smoke_config):
    return new_workflow(smoke_config)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bugdets": [1]}, "experiments.smoke.bugdets: there is no such key; allowed are"),
        ({"seeds": "three"}, "experiments.smoke.seeds: should be a valid list, but is 'three'"),
        ({"budgets": [20, 10]}, "experiments.smoke.budgets: must increase"),
        ({"budgets": [10, 5000]}, "the pool of digits has 1297 images"),
        ({"strategies": ["oracle"]}, "experiments.smoke.strategies: 'oracle' is not defined"),
        (
            {"dataset": {"name": "cifar10", "root": "no/such/folder"}},
            "experiments.smoke.dataset: root no/such/folder is no folder",
        ),
        (
            {"pretraining": {"method": "magic"}},
            "experiments.smoke.pretraining.method: should be 'simsiam'",
        ),
    ],
)
def test_one_sentence_and_no_job(workflow, smoke_config, change, sentence):
    workflow.config = copy.deepcopy(smoke_config)
    workflow.config["experiments"]["smoke"] |= change
    code, output = workflow.run("--cores", "1")
    assert code != 0
    assert sentence in output
    assert "Traceback" not in output
    assert not (workflow.folder / "results").exists()


def test_an_unknown_method(workflow, smoke_config):
    workflow.config = copy.deepcopy(smoke_config)
    workflow.config["strategies"]["random"] = {"method": "oracle"}
    code, output = workflow.run("--cores", "1")
    assert code != 0
    assert f"strategies.random: method must be one of {', '.join(methods())}" in output
    assert "Traceback" not in output
