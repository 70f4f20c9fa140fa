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
    message:
        "What can be chosen by the labels so far is chosen"


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
        code=lambda w: code_digest("take_labels"),
    message:
        f"Take what people have labelled: {THIS_ROUND}"
    script:
        "../scripts/take_labels.py"


rule draw_holdout:
    input:
        features="results/{experiment}/features.h5",
        # Under which names the images are there now.
        images=branch(
            lambda w: w.experiment in PHOTOS, "results/{experiment}/images.json"
        ),
    output:
        # What was drawn before stays.
        batch=update("results/{experiment}/holdout/batch.csv"),
    log:
        "logs/{experiment}/holdout/draw_holdout.log",
    wildcard_constraints:
        experiment=one_of(HOLDING_OUT),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("features"),
        number=lambda w: experiment_of(w).holdout,
        code=lambda w: code_digest("draw_holdout"),
    message:
        "Draw the images of {wildcards.experiment}'s holdout"
    script:
        "../scripts/draw_holdout.py"


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
        settings=page_settings,
        # Beside those of the rounds before.
        classes=classes_held_out,
        code=lambda w: code_digest("write_kit"),
    message:
        f"Write the page on which people label: {THIS_ROUND}"
    script:
        "../scripts/write_kit.py"


use rule write_kit as write_holdout_kit with:
    input:
        features="results/{experiment}/features.h5",
        batch=rules.draw_holdout.output.batch,
    output:
        kit=directory("results/{experiment}/holdout/label"),
    log:
        "logs/{experiment}/holdout/write_kit.log",
    benchmark:
        "logs/{experiment}/holdout/write_kit.tsv"
    wildcard_constraints:
        experiment=one_of(HOLDING_OUT),
    params:
        made_by=made_by("features", "classifier"),
        settings=page_settings,
        classes=classes_held_out,
        answered=lambda w: [*PROGRESS[w.experiment].holdout.answers],
        code=lambda w: code_digest("write_kit"),
    message:
        "Write the page on which people label {wildcards.experiment}'s holdout"


use rule take_labels as take_holdout_labels with:
    output:
        labels="results/{experiment}/holdout/labels.json",
    log:
        "logs/{experiment}/holdout/take_labels.log",
    wildcard_constraints:
        experiment=one_of(HOLDING_OUT),
    params:
        taken=taken_in_holdout,
        code=lambda w: code_digest("take_labels"),
    message:
        "Take what people have labelled of {wildcards.experiment}'s holdout"


rule predict:
    input:
        features="results/{experiment}/features.h5",
        classifier=lambda w: str(
            run_of(w.experiment)
            / f"round{len(PROGRESS[w.experiment].finished)}/classifier.h5"
        ),
        labels=lambda w: of_finished_rounds("labels.json", w.experiment),
        holdout=branch(is_holding_out, rules.take_holdout_labels.output.labels),
    output:
        predictions="results/{experiment}/predictions.csv",
    log:
        "logs/{experiment}/predict.log",
    wildcard_constraints:
        experiment=one_of({*LABELLED} - LARGE),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("features", "classifier"),
        code=lambda w: code_digest("predict"),
    message:
        "Predict the class of every image of {wildcards.experiment}"
    script:
        "../scripts/predict.py"


use rule predict as predict_large_pool with:
    output:
        predictions="results/{experiment}/predictions.parquet",
    wildcard_constraints:
        experiment=one_of(LARGE),
    message:
        "Predict the class of every image of {wildcards.experiment}"


rule review:
    input:
        features="results/{experiment}/features.h5",
        labels=lambda w: of_finished_rounds("labels.json", w.experiment),
    output:
        review=directory("results/{experiment}/review"),
    log:
        "logs/{experiment}/review.log",
    benchmark:
        "logs/{experiment}/review.tsv"
    wildcard_constraints:
        experiment=one_of(LABELLED),
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("features"),
        settings=page_settings,
        # Who said what, and what somebody has checked.
        said=said_of_images,
        code=lambda w: code_digest("review"),
    message:
        "Look for labels of {wildcards.experiment} that may be wrong"
    script:
        "../scripts/review.py"


rule sort_images:
    input:
        predictions=lambda w: PREDICTIONS[w.experiment],
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
        code=lambda w: code_digest("sort_images"),
    message:
        "Sort the images of {wildcards.experiment} into folders"
    script:
        "../scripts/sort_images.py"


rule sort:
    input:
        lambda w: folders_to_sort(),
    localrule: True
    message:
        "All images are sorted"
