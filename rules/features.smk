"""Embeddings of all images: made by the encoder, or brought along."""


rule extract_features:
    input:
        encoder="results/{experiment}/encoder.pt",
    output:
        features="results/{experiment}/features.h5",
    log:
        "logs/{experiment}/extract_features.log",
    wildcard_constraints:
        experiment=one_of((TRAINED | GIVEN) - PHOTOS),
    cache: "omit-software"
    conda:
        "../envs/environment.yaml"
    threads: lambda w: experiment_of(w).features.threads
    resources:
        gpu=1,
    params:
        made_by=made_by("encoder"),
        settings=lambda w: canonical(**features_settings(w)),
        code=lambda w: code_digest(
            "extract_features", f"ntkcpl.datasets.{experiment_of(w).dataset.name}"
        ),
    message:
        "Embed all images of {wildcards.experiment}"
    script:
        "../scripts/extract_features.py"


# Of a folder whose images come and go while people label: it embeds those that are new.
rule update_features:
    input:
        encoder="results/{experiment}/encoder.pt",
    output:
        features=update("results/{experiment}/features.h5"),
        images=update("results/{experiment}/images.json"),
    log:
        "logs/{experiment}/update_features.log",
    benchmark:
        "logs/{experiment}/update_features.tsv"
    wildcard_constraints:
        experiment=one_of(PHOTOS),
    conda:
        "../envs/environment.yaml"
    threads: lambda w: experiment_of(w).features.threads
    resources:
        gpu=1,
    params:
        made_by=made_by("encoder"),
        settings=lambda w: canonical(**features_settings(w)),
        images=lambda w: listing_digest(w.experiment),
        code=lambda w: code_digest("update_features", "ntkcpl.datasets.imagefolder"),
    message:
        "Embed the images of {wildcards.experiment} that are new"
    script:
        "../scripts/update_features.py"


# Not cached between workflows: the cache would hold a copy of a file that is there already.
rule import_features:
    input:
        # Of a folder, its shards: one more makes the stage run again.
        embeddings=lambda w: list(map(str, files_of(experiment_of(w).embeddings_file))),
    output:
        # Shards that are in it are not read again.
        features=update("results/{experiment}/features.h5"),
    log:
        "logs/{experiment}/import_features.log",
    benchmark:
        "logs/{experiment}/import_features.tsv"
    wildcard_constraints:
        experiment=one_of(READY),
    conda:
        "../envs/environment.yaml"
    params:
        settings=lambda w: canonical(**features_settings(w)),
        to_be_labelled=lambda w: experiment_of(w).labels is not None,
        code=lambda w: code_digest("import_features"),
    message:
        "Import the embeddings of {wildcards.experiment}"
    script:
        "../scripts/import_features.py"
