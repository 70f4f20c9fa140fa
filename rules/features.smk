"""Embeddings of all images."""


rule extract_features:
    input:
        encoder="results/{experiment}/encoder.pt",
    output:
        features="results/{experiment}/features.h5",
    log:
        "logs/{experiment}/extract_features.log",
    cache: "omit-software"
    conda:
        "../envs/environment.yaml"
    threads: lambda w: experiment_of(w).features.threads
    params:
        settings=lambda w: canonical(
            dataset=experiment_of(w).dataset,
            features=experiment_of(w).features,
        ),
        code=lambda w: code_digest(
            "extract_features", f"ntkcpl.datasets.{experiment_of(w).dataset.name}"
        ),
    script:
        "../scripts/extract_features.py"
