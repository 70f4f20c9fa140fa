"""The encoder, trained without labels."""


rule pretrain:
    output:
        encoder=protected("results/{experiment}/encoder.pt"),
        history="results/{experiment}/pretrain.csv",
    log:
        "logs/{experiment}/pretrain.log",
    wildcard_constraints:
        experiment=EXTRACTED,
    cache: "omit-software"
    conda:
        "../envs/environment.yaml"
    threads: lambda w: experiment_of(w).pretraining.threads
    params:
        settings=lambda w: canonical(
            dataset=experiment_of(w).dataset,
            encoder=experiment_of(w).encoder,
            pretraining=experiment_of(w).pretraining,
        ),
        code=lambda w: code_digest(
            "pretrain", f"ntkcpl.datasets.{experiment_of(w).dataset.name}"
        ),
    script:
        "../scripts/pretrain.py"
