"""The encoder: trained without labels, or brought along."""


rule pretrain:
    output:
        encoder=protected("results/{experiment}/encoder.pt"),
        history="results/{experiment}/pretrain.csv",
    log:
        "logs/{experiment}/pretrain.log",
    wildcard_constraints:
        experiment=one_of(TRAINED),
    cache: "omit-software"
    conda:
        "../envs/environment.yaml"
    threads: lambda w: experiment_of(w).pretraining.threads * experiment_of(w).pretraining.devices
    resources:
        gpu=lambda w: experiment_of(w).pretraining.devices,
    params:
        settings=lambda w: canonical(**encoder_settings(w)),
        code=lambda w: code_digest(
            "pretrain", f"ntkcpl.datasets.{experiment_of(w).dataset.name}"
        ),
    message:
        "Pretrain the encoder of {wildcards.experiment}, without labels"
    script:
        "../scripts/pretrain.py"


# Not cached between workflows: the cache would hold a copy of a file that is there already.
rule import_encoder:
    input:
        # None for weights that are downloaded.
        checkpoint=lambda w: experiment_of(w).encoder.checkpoint_file or [],
    output:
        encoder="results/{experiment}/encoder.pt",
    log:
        "logs/{experiment}/import_encoder.log",
    benchmark:
        "logs/{experiment}/import_encoder.tsv"
    wildcard_constraints:
        experiment=one_of(GIVEN),
    conda:
        "../envs/environment.yaml"
    params:
        settings=lambda w: canonical(
            encoder=experiment_of(w).encoder,
            # Not its file, which is new whenever the environment is.
            package=experiment_of(w).encoder.weights_version,
        ),
        code=lambda w: code_digest("import_encoder"),
    message:
        "Import the weights of {wildcards.experiment}'s encoder"
    script:
        "../scripts/import_encoder.py"
