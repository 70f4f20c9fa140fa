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
        number=lambda w: experiment_of(w).holdout,
        code=code_digest("draw_holdout"),
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
        settings=lambda w: canonical(
            dataset=experiment_of(w).dataset,
            classes=experiment_of(w).classes,
            labels=experiment_of(w).labels,
        ),
        # Beside those of the rounds before.
        classes=classes_held_out,
        code=code_digest("write_kit"),
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
        settings=lambda w: canonical(
            dataset=experiment_of(w).dataset,
            classes=experiment_of(w).classes,
            labels=experiment_of(w).labels,
        ),
        classes=classes_held_out,
        answered=lambda w: [*PROGRESS[w.experiment].holdout.answers],
        code=code_digest("write_kit"),


use rule take_labels as take_holdout_labels with:
    output:
        labels="results/{experiment}/holdout/labels.json",
    log:
        "logs/{experiment}/holdout/take_labels.log",
    wildcard_constraints:
        experiment=one_of(HOLDING_OUT),
    params:
        taken=taken_in_holdout,
        code=code_digest("take_labels"),


rule evaluate_holdout:
    input:
        features="results/{experiment}/features.h5",
        holdout=rules.take_holdout_labels.output.labels,
        classifiers=lambda w: of_trained_rounds("classifier.h5", w.experiment),
        labels=lambda w: of_finished_rounds("labels.json", w.experiment),
    output:
        outcomes="results/{experiment}/holdout/outcomes.csv",
    log:
        "logs/{experiment}/holdout/evaluate_holdout.log",
    wildcard_constraints:
        experiment=one_of(HOLDING_OUT),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        rounds=lambda w: PROGRESS[w.experiment].trained,
        code=code_digest("evaluate_holdout"),
    script:
        "../scripts/evaluate_holdout.py"


# Where nothing is held out.
rule cross_validate:
    input:
        features="results/{experiment}/features.h5",
        labels=lambda w: labels_of(w, int(w.round)),
        views=rules.train_classifier.input.views,
    output:
        outcomes=f"results/{RUN}/cross_validation.csv",
    log:
        f"logs/{RUN}/cross_validate.log",
    benchmark:
        f"logs/{RUN}/cross_validate.tsv"
    wildcard_constraints:
        experiment=one_of(LABELLED),
    conda:
        "../envs/environment.yaml"
    threads: lambda w: experiment_of(w).classifier.threads
    params:
        settings=lambda w: canonical(classifier=experiment_of(w).classifier),
        code=code_digest("cross_validate"),
    script:
        "../scripts/cross_validate.py"


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
        experiment=one_of(LABELLED),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("predict"),
    script:
        "../scripts/predict.py"


rule plot_learning_curve:
    input:
        outcomes=lambda w: outcomes_of(w.experiment),
    output:
        pdf="results/{experiment}/figures/learning_curve.pdf",
        png=report(
            "results/{experiment}/figures/learning_curve.png",
            caption="captions/learning_curve.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "accuracy"},
        ),
    log:
        "logs/{experiment}/plot_learning_curve.log",
    wildcard_constraints:
        experiment=one_of(LABELLED),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        chosen=lambda w: not is_evaluated(w.experiment),
        code=code_digest("plot_learning_curve"),
    script:
        "../scripts/plot_learning_curve.py"


rule plot_batch:
    input:
        labels=f"results/{RUN}/labels.json",
    output:
        sheet=report(
            f"results/{RUN}/batch.png",
            caption="captions/batch.rst",
            category="{experiment}",
            labels={"result": "contact sheet", "of": "round {round}"},
        ),
    log:
        f"logs/{RUN}/plot_batch.log",
    wildcard_constraints:
        experiment=one_of(PHOTOS),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        root=lambda w: str(root_of(w.experiment)),
        code=code_digest("plot_batch"),
    script:
        "../scripts/plot_batch.py"


rule plot_doubtful:
    input:
        predictions="results/{experiment}/predictions.csv",
    output:
        sheet=report(
            "results/{experiment}/figures/doubtful.png",
            caption="captions/doubtful.rst",
            category="{experiment}",
            labels={"result": "contact sheet", "of": "doubtful images"},
        ),
    log:
        "logs/{experiment}/plot_doubtful.log",
    wildcard_constraints:
        experiment=one_of(PHOTOS),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        root=lambda w: str(root_of(w.experiment)),
        code=code_digest("plot_doubtful"),
    script:
        "../scripts/plot_doubtful.py"


rule summarise_labels:
    input:
        labels=lambda w: of_finished_rounds("labels.json", w.experiment),
        holdout=branch(is_holding_out, rules.take_holdout_labels.output.labels),
        outcomes=lambda w: outcomes_of(w.experiment),
        predictions=branch(is_predicted, "results/{experiment}/predictions.csv"),
        # Shown by the page.
        curve=branch(is_predicted, rules.plot_learning_curve.output.png),
        sheets=lambda w: sheets_of(w.experiment),
        doubtful=branch(
            lambda w: is_predicted(w) and w.experiment in PHOTOS,
            rules.plot_doubtful.output.sheet,
        ),
    output:
        summary="results/{experiment}/summary.md",
        page=report(
            "results/{experiment}/summary.html",
            caption="captions/summary.rst",
            category="{experiment}",
            labels={"result": "page", "of": "labels and accuracy"},
        ),
    log:
        "logs/{experiment}/summarise_labels.log",
    wildcard_constraints:
        experiment=one_of(LABELLED),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        chosen=lambda w: not is_evaluated(w.experiment),
        # No inputs: what has been answered is not chosen anew.
        batches=lambda w: of_finished_rounds("batch.csv", w.experiment),
        batch_size=lambda w: next_batch_size(w.experiment),
        logs=lambda w: log_folders(w.experiment),
        code=code_digest("summarise_labels"),
    script:
        "../scripts/summarise_labels.py"


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
