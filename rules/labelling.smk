"""Rounds that people label: what they are asked, what they answered, and predictions."""

import atexit

if LABELLED and workflow.is_main_process:
    # The last line of a run, of one in which nothing had to be done too.
    atexit.register(say_what_waits)


onerror:
    atexit.unregister(say_what_waits)


rule label:
    input:
        lambda w: files_to_label(),
    localrule: True


rule take_labels:
    output:
        labels=f"results/{RUN}/labels.json",
    log:
        f"logs/{RUN}/take_labels.log",
    wildcard_constraints:
        experiment=one_of(LABELLED),
    # Here, where they were read: what is taken depends on what stands there.
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        taken=taken_in,
        code=code_digest("take_labels"),
    script:
        "../scripts/take_labels.py"


rule write_kit:
    input:
        features="results/{experiment}/features.h5",
        batch=f"results/{RUN}/batch.csv",
        classifier=rules.cluster_pool.input.classifier,
        labels=rules.cluster_pool.input.labels,
    output:
        kit=directory(f"results/{RUN}/label"),
    log:
        f"logs/{RUN}/write_kit.log",
    benchmark:
        f"logs/{RUN}/write_kit.tsv"
    wildcard_constraints:
        experiment=one_of(LABELLED),
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("features", "classifier"),
        settings=lambda w: canonical(
            dataset=experiment_of(w).dataset,
            classes=experiment_of(w).classes,
            labels=experiment_of(w).labels,
        ),
        code=code_digest("write_kit"),
    script:
        "../scripts/write_kit.py"


rule predict:
    input:
        features="results/{experiment}/features.h5",
        classifier=lambda w: str(
            run_of(w.experiment)
            / f"round{len(PROGRESS[w.experiment].finished)}/classifier.h5"
        ),
        labels=lambda w: [
            str(run_of(w.experiment) / f"round{r}/labels.json")
            for r in range(1, len(PROGRESS[w.experiment].finished) + 1)
        ],
    output:
        predictions="results/{experiment}/predictions.csv",
    log:
        "logs/{experiment}/predict.log",
    wildcard_constraints:
        experiment=one_of(LABELLED),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("features", "classifier"),
        code=code_digest("predict"),
    script:
        "../scripts/predict.py"


rule sort_images:
    input:
        predictions="results/{experiment}/predictions.csv",
    output:
        # A folder before is replaced when the new one is complete.
        sorted=update(directory("results/{experiment}/sorted")),
    log:
        "logs/{experiment}/sort_images.log",
    wildcard_constraints:
        experiment=one_of(PHOTOS),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        root=lambda w: str(root_of(w.experiment)),
        code=code_digest("sort_images"),
    script:
        "../scripts/sort_images.py"


rule sort:
    input:
        lambda w: folders_to_sort(),
    localrule: True
