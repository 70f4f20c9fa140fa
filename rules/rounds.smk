"""The rounds of active learning: round r reads the classifier of round r - 1."""


rule cluster_pool:
    input:
        features="results/{experiment}/features.h5",
        # None in the first round.
        classifier=lambda w: (
            of_round("classifier.h5", w, int(w.round) - 1)
            if has_classifier(w, int(w.round) - 1)
            else []
        ),
        # What people have said.
        labels=lambda w: labels_of(w, int(w.round) - 1),
        # Images that are not to be asked for.
        holdout=branch(is_holding_out, "results/{experiment}/holdout/batch.csv"),
    output:
        clusters=f"results/{RUN}/clusters.h5",
    log:
        f"logs/{RUN}/cluster_pool.log",
    benchmark:
        f"logs/{RUN}/cluster_pool.tsv"
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=memory_mb(clustering_of),
    params:
        made_by=made_by("features", "classifier"),
        settings=lambda w: clustering_of(w).canonical(),
        code=lambda w: code_digest(
            "cluster_pool",
            # Imported only where images are held out.
            without=() if is_holding_out(w) else ("ntkcpl.artifacts.batch",),
        ),
    message:
        f"Cluster the pool: {THIS_ROUND}"
    script:
        "../scripts/cluster_pool.py"


rule select_batch:
    input:
        features="results/{experiment}/features.h5",
        classifier=rules.cluster_pool.input.classifier,
        labels=rules.cluster_pool.input.labels,
        holdout=rules.cluster_pool.input.holdout,
        clusters=branch(clustering_of, rules.cluster_pool.output.clusters),
    output:
        batch=f"results/{RUN}/batch.csv",
    log:
        f"logs/{RUN}/select_batch.log",
    benchmark:
        f"logs/{RUN}/select_batch.tsv"
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=memory_mb(strategy_of),
    params:
        made_by=made_by("features", "classifier", "clusters"),
        settings=lambda w: canonical(
            strategy=strategy_of(w),
            batch_size=batch_size(w),
        ),
        code=lambda w: code_digest(
            "select_batch",
            f"ntkcpl.strategies.{strategy_of(w).method}",
            without=unused_in_selection(w),
        ),
    message:
        f"Choose the images to label: {THIS_ROUND}"
    script:
        "../scripts/select_batch.py"


rule embed_views:
    input:
        encoder="results/{experiment}/encoder.pt",
        features="results/{experiment}/features.h5",
        # The images bought: all of a batch, or those that people have answered.
        batch=branch(is_simulated, f"results/{RUN}/batch.csv"),
        labels=branch(is_simulated, otherwise=f"results/{RUN}/labels.json"),
    output:
        # Views that are in it are not embedded again.
        views=update(f"results/{RUN}/views.h5"),
    log:
        f"logs/{RUN}/embed_views.log",
    benchmark:
        f"logs/{RUN}/embed_views.tsv"
    wildcard_constraints:
        experiment=one_of(ROUND_BY_ROUND),
    conda:
        "../envs/environment.yaml"
    threads: lambda w: experiment_of(w).features.threads
    params:
        made_by=made_by("encoder", "features", "batch"),
        settings=lambda w: canonical(
            dataset=experiment_of(w).dataset,
            features=experiment_of(w).features,
            batch_size=batch_size(w),
        ),
        code=lambda w: code_digest(
            "embed_views", f"ntkcpl.datasets.{experiment_of(w).dataset.name}"
        ),
    message:
        f"Embed views of the images that are labelled: {THIS_ROUND}"
    script:
        "../scripts/embed_views.py"


rule train_classifier:
    input:
        features="results/{experiment}/features.h5",
        batch=branch(is_simulated, f"results/{RUN}/batch.csv"),
        classifier=branch(is_simulated, rules.cluster_pool.input.classifier),
        labels=lambda w: labels_of(w, int(w.round)),
        # Of all images bought so far.
        views=branch(
            lambda w: w.experiment in ROUND_BY_ROUND,
            lambda w: expand(
                f"results/{RUN}/views.h5",
                **dict(w) | {"round": range(1, int(w.round) + 1)},
            ),
        ),
    output:
        classifier=f"results/{RUN}/classifier.h5",
    log:
        f"logs/{RUN}/train_classifier.log",
    benchmark:
        f"logs/{RUN}/train_classifier.tsv"
    conda:
        "../envs/environment.yaml"
    threads: lambda w: experiment_of(w).classifier.threads
    params:
        made_by=made_by("features", "classifier", "batch", "views"),
        settings=lambda w: canonical(
            classifier=experiment_of(w).classifier,
            batch_size=batch_size(w),
        ),
        code=lambda w: code_digest("train_classifier"),
    message:
        f"Train the classifier: {THIS_ROUND}"
    script:
        "../scripts/train_classifier.py"
