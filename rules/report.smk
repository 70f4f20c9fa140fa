"""The page that a reader sees first."""


rule summarise:
    input:
        accuracy="results/{experiment}/accuracy.csv",
        estimates="results/{experiment}/estimated_accuracy.csv",
        history=branch(
            lambda w: w.experiment in TRAINED, "results/{experiment}/pretrain.csv"
        ),
        features="results/{experiment}/features.h5",
        views=branch(lambda w: w.experiment in ROUND_BY_ROUND, of_all_runs("views.h5")),
        claims=branch(lambda w: w.experiment in REFERENCES, relpath(reference.CLAIMS)),
    output:
        summary="results/{experiment}/summary.md",
    log:
        "logs/{experiment}/summarise.log",
    wildcard_constraints:
        experiment=one_of(SIMULATED),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("features", "encoder", "views"),
        # With the strategies' settings in place of their names.
        settings=lambda w: canonical(
            **experiment_of(w).model_dump()
            | {
                "strategies": {
                    name: CONFIG.strategy(w.experiment, name)
                    for name in experiment_of(w).strategies
                }
            }
        ),
        code=lambda w: code_digest("summarise"),
    message:
        "Write the summary of {wildcards.experiment}"
    script:
        "../scripts/summarise.py"
