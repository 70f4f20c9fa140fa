"""SIGKILL to the whole process group, SIGTERM to a job: a new run goes on to the same results."""

import copy
import os
import signal
import time

import pandas as pd
import psutil
import pytest

TARGET = "results/smoke/accuracy.csv"
TIMES = ["selection_seconds", "training_seconds", "origin"]


def small(config):
    """A run of two strategies and two rounds, with a pretraining long enough to be killed in."""
    config = copy.deepcopy(config)
    config["experiments"]["smoke"] |= {
        "strategies": ["random", "ntkcpl_al"],
        "seeds": [0],
        "budgets": [10, 20],
        "pretraining": {"method": "simsiam", "epochs": 6, "checkpoint_every": 1},
        "features": {"views": 64},
    }
    return config


def kill_when(workflow, reached, *arguments):
    """Run until `reached()`, then kill the process group; False if the run ended before."""
    process = workflow.start(*arguments)
    deadline = time.monotonic() + 120
    try:
        while process.poll() is None:
            if reached():
                return True
            assert time.monotonic() < deadline
            time.sleep(0.002)
        return False
    finally:
        # Jobs start sessions of their own nowhere: the group holds them all.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def choices(workflow):
    """What was chosen, by file, times apart."""
    results = workflow.folder / "results"
    return {
        path.relative_to(results).as_posix(): pd.read_csv(path).drop(columns=["seconds", "origin"])
        for path in results.rglob("batch.csv")
    }


@pytest.fixture(scope="module")
def undisturbed(new_workflow, smoke_config):
    workflow = new_workflow(small(smoke_config))
    code, output = workflow.run("--cores", "2", TARGET)
    assert code == 0, output
    return workflow


def test_killed_again_and_again_with_one_core(undisturbed, new_workflow, smoke_config):
    workflow = new_workflow(small(smoke_config))
    results, logs = workflow.folder / "results/smoke", workflow.folder / "logs/smoke"
    run = "seed0/round"
    points = {
        "pretraining, after a checkpoint": lambda: (results / "encoder.checkpoint.pt").exists(),
        "the write of features.h5": lambda: any(results.glob("features.h5.*.tmp")),
        "clustering": lambda: (logs / f"ntkcpl_al/{run}1/cluster_pool.log").exists(),
        "selection": lambda: (logs / f"ntkcpl_al/{run}1/select_batch.log").exists(),
        "training": lambda: (logs / f"random/{run}1/train_classifier.log").exists(),
        "the write of classifier.h5": lambda: any(results.rglob("classifier.h5.*.tmp")),
        "the second round": lambda: (logs / f"ntkcpl_al/{run}2/select_batch.log").exists(),
        "evaluation": lambda: (logs / "collect_accuracy.log").exists(),
    }
    for point, reached in points.items():
        assert kill_when(workflow, reached, "--cores", "1", TARGET), f"never reached {point}"
    code, output = workflow.run("--cores", "1", TARGET)
    assert code == 0, output

    expected = pd.read_csv(undisturbed.folder / "results/smoke/accuracy.csv")
    found = pd.read_csv(results / "accuracy.csv")
    pd.testing.assert_frame_equal(found.drop(columns=TIMES), expected.drop(columns=TIMES))
    expected_choices, found_choices = choices(undisturbed), choices(workflow)
    assert found_choices.keys() == expected_choices.keys()
    for name, table in expected_choices.items():
        pd.testing.assert_frame_equal(found_choices[name], table)


def test_a_pretraining_told_to_stop_is_queued_again(
    new_workflow, smoke_config, tmp_path, monkeypatch
):
    scontrol, asked = tmp_path / "scontrol", tmp_path / "asked"
    scontrol.write_text(f"#!/bin/sh\necho $@ >> {asked}\n")
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    workflow = new_workflow(small(smoke_config))
    workflow.config["experiments"]["smoke"]["pretraining"]["epochs"] = 12
    encoder = workflow.folder / "results/smoke/encoder.pt"
    checkpoint = encoder.with_suffix(".checkpoint.pt")

    process = workflow.start("--cores", "2", "results/smoke/encoder.pt")
    while not checkpoint.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    pretraining_of(process.pid).terminate()
    output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "pretrain stopped, told to stop: the next run goes on from results/smoke" in output
    assert "pretrain failed" not in output
    assert "exit status 143" in output
    # Where SLURM is installed, its executor plugin asks for its configuration as well.
    assert asked.read_text().splitlines().count("requeue 17") == 1
    assert checkpoint.exists() and not encoder.exists()

    code, output = workflow.run("--cores", "2", "results/smoke/encoder.pt")
    assert code == 0, output
    history = pd.read_csv(encoder.with_name("pretrain.csv"))
    assert history["epoch"].tolist() == list(range(1, 13))
    assert not checkpoint.exists()


def pretraining_of(snakemake):
    """The process that runs the job's script."""
    return next(
        process
        for process in psutil.Process(snakemake).children(recursive=True)
        if process.name().startswith("python") and "pretrain.py" in process.cmdline()[-1]
    )
