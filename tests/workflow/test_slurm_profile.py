"""What the profile for SLURM makes of the jobs, without a cluster; docs/cluster.md tells of one."""


def test_the_rounds_of_a_run_are_one_submission_and_encoders_have_a_gpu(new_workflow, smoke_config):
    workflow = new_workflow(smoke_config)
    plan = ("--dry-run", "all", "fidelity")
    code, alone = workflow.run(*plan)
    assert code == 0, alone
    assert "Group job" not in alone
    code, packed = workflow.run(*plan, "--workflow-profile", "profiles/slurm")
    assert code == 0, packed
    assert packed.count("Group job run") == len(smoke_config["experiments"]["smoke"]["strategies"])
    asking = [
        block.split(":")[0].strip()
        for block in packed.split("rule ")[1:]
        if "gpu=1" in block.partition("resources:")[2]
    ]
    assert sorted(asking) == ["extract_features", "pretrain"]
