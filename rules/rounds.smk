"""The rounds of active learning: round r reads the classifier of round r - 1."""


rule cluster_pool:
    input:
        features="results/{experiment}/features.h5",
        # None in the first round.
        classifier=lambda w: (
            f"results/{RUN}/classifier.h5".format(
                **dict(w) | {"round": int(w.round) - 1}
            )
            if int(w.round) > 1
            else []
        ),
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
        settings=lambda w: clustering_of(w).canonical(),
        code=code_digest("cluster_pool"),
    script:
        "../scripts/cluster_pool.py"


rule select_batch:
    input:
        features="results/{experiment}/features.h5",
        classifier=rules.cluster_pool.input.classifier,
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
        settings=lambda w: canonical(
            strategy=strategy_of(w),
            batch_size=experiment_of(w).batch_sizes[int(w.round) - 1],
        ),
        code=lambda w: code_digest(
            "select_batch",
            f"ntkcpl.strategies.{strategy_of(w).method}",
            # Imported only where there are clusters.
            without=() if clustering_of(w) else ("ntkcpl.artifacts.clusters",),
        ),
    script:
        "../scripts/select_batch.py"


rule train_classifier:
    input:
        features="results/{experiment}/features.h5",
        batch=f"results/{RUN}/batch.csv",
        classifier=rules.cluster_pool.input.classifier,
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
        settings=lambda w: canonical(
            classifier=experiment_of(w).classifier,
            batch_size=experiment_of(w).batch_sizes[int(w.round) - 1],
        ),
        code=code_digest("train_classifier"),
    script:
        "../scripts/train_classifier.py"
