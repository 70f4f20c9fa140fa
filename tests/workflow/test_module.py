"""The workflow as a module of another one, with that one's configuration."""

import textwrap


def test_another_workflow_takes_the_rules_as_a_module(new_workflow, smoke_config, tmp_path):
    workflow = new_workflow({"active_learning": smoke_config})
    snakefile = f"""
        module active_learning:
            snakefile: "{workflow.folder}/Snakefile"
            config: config["active_learning"]

        use rule * from active_learning as al_*

        rule count:
            default_target: True
            input: "results/smoke/accuracy.csv"
            output: "count.txt"
            shell: "wc -l {{input}} > {{output}}"
    """
    (tmp_path / "Snakefile").write_text(textwrap.dedent(snakefile))
    workflow.folder = tmp_path
    planned = {rule for rule, _ in workflow.planned()}
    assert planned == {
        f"al_{rule}"
        for rule in (
            "pretrain",
            "extract_features",
            "cluster_pool",
            "select_batch",
            "train_classifier",
            "collect_accuracy",
        )
    }
