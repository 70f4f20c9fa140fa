"""How right the classifiers of rounds that people label are, and the page that says so."""


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
        made_by=made_by("features", "classifier"),
        rounds=lambda w: PROGRESS[w.experiment].trained,
        code=lambda w: code_digest("evaluate_holdout"),
    message:
        "Evaluate the classifiers on {wildcards.experiment}'s holdout"
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
        made_by=made_by("features", "views"),
        settings=lambda w: canonical(classifier=experiment_of(w).classifier),
        code=lambda w: code_digest("cross_validate"),
    message:
        f"Cross-validate the classifier: {THIS_ROUND}"
    script:
        "../scripts/cross_validate.py"


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
        code=lambda w: code_digest("plot_learning_curve"),
    message:
        "Draw accuracy against number of labels, of {wildcards.experiment}"
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
        code=lambda w: code_digest("plot_batch"),
    message:
        f"Draw the batch: {THIS_ROUND}"
    script:
        "../scripts/plot_batch.py"


rule plot_doubtful:
    input:
        predictions=lambda w: PREDICTIONS[w.experiment],
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
        code=lambda w: code_digest("plot_doubtful"),
    message:
        "Draw the most doubtful images of {wildcards.experiment}"
    script:
        "../scripts/plot_doubtful.py"


rule summarise_labels:
    input:
        labels=lambda w: of_finished_rounds("labels.json", w.experiment),
        holdout=branch(is_holding_out, rules.take_holdout_labels.output.labels),
        outcomes=lambda w: outcomes_of(w.experiment),
        predictions=branch(is_predicted, lambda w: PREDICTIONS[w.experiment]),
        review=branch(is_predicted, "results/{experiment}/review"),
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
        code=lambda w: code_digest("summarise_labels"),
    message:
        "Write the summary of {wildcards.experiment}"
    script:
        "../scripts/summarise_labels.py"
