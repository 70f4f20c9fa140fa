"""What the profile for SLURM makes of the jobs, without a cluster; docs/cluster.md tells of one."""

import os

FIGURE = ("--force", "results/smoke/figures/accuracy.pdf")


def test_the_rounds_of_a_run_are_one_submission_and_encoders_have_a_gpu(new_workflow, smoke_config):
    workflow = new_workflow(smoke_config)
    assert not any("group" in job for job in workflow.plan("all", "fidelity"))
    packed = workflow.plan("all", "fidelity", "--workflow-profile", "profiles/slurm")
    groups = [job["group"] for job in packed if "group" in job]
    assert len(groups) == len(smoke_config["experiments"]["smoke"]["strategies"])
    asking = [job["rule"] for job in packed if job.get("resources", {}).get("gpu") == 1]
    assert sorted(asking) == ["extract_features", "pretrain"]


def test_a_queue_that_does_not_answer_stops_runs_on_the_cluster_only(rerun, tmp_path):
    squeue = tmp_path / "bin/squeue"
    squeue.parent.mkdir()
    squeue.write_text("#!/bin/sh\necho 'squeue: no controller' >&2\nexit 1\n")
    squeue.chmod(0o755)
    path = f"{squeue.parent}:{os.environ['PATH']}"
    code, output = rerun.run("--workflow-profile", "profiles/slurm", *FIGURE, PATH=path)
    assert code != 0
    assert "are in the queue (squeue: no controller): start again when it does" in output
    code, output = rerun.run("--cores", "1", *FIGURE, PATH=path)
    assert code == 0, output
