"""The page that a reader sees first."""


rule summarise:
    input:
        accuracy="results/{experiment}/accuracy.csv",
        estimates="results/{experiment}/estimated_accuracy.csv",
        history=pretraining_history,
        features="results/{experiment}/features.h5",
        views=if_round_by_round(of_all_runs("views.h5")),
    output:
        summary="results/{experiment}/summary.md",
    log:
        "logs/{experiment}/summarise.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        settings=all_settings,
        code=code_digest("summarise"),
    script:
        "../scripts/summarise.py"
