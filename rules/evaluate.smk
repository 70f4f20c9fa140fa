"""Accuracies, figures and tables of each experiment."""


rule collect_accuracy:
    input:
        classifiers=of_all_runs("classifier.h5"),
    output:
        accuracy="results/{experiment}/accuracy.csv",
    log:
        "logs/{experiment}/collect_accuracy.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("classifier"),
        code=lambda w: code_digest("collect_accuracy"),
    message:
        "Collect the accuracies of all classifiers of {wildcards.experiment}"
    script:
        "../scripts/collect_accuracy.py"


rule estimate_accuracy:
    input:
        features="results/{experiment}/features.h5",
        classifiers=of_all_runs("classifier.h5"),
    output:
        estimates="results/{experiment}/estimated_accuracy.csv",
    log:
        "logs/{experiment}/estimate_accuracy.log",
    benchmark:
        "logs/{experiment}/estimate_accuracy.tsv"
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("features", "classifier"),
        code=lambda w: code_digest("estimate_accuracy"),
    message:
        "Estimate those accuracies from the labels held, of {wildcards.experiment}"
    script:
        "../scripts/estimate_accuracy.py"


rule plot_accuracy:
    input:
        accuracy=["results/{experiment}/accuracy.csv"],
        paper=lambda w: paper_accuracy([w.experiment]),
    output:
        pdf="results/{experiment}/figures/accuracy.pdf",
        png=report(
            "results/{experiment}/figures/accuracy.png",
            caption="captions/accuracy.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "accuracy"},
        ),
    log:
        "logs/{experiment}/plot_accuracy.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        references=lambda w: references([w.experiment]),
        code=lambda w: code_digest("plot_accuracy"),
    message:
        "Draw accuracy against number of labels, of {wildcards.experiment}"
    script:
        "../scripts/plot_accuracy.py"


rule plot_gain:
    input:
        accuracy=["results/{experiment}/accuracy.csv"],
        paper=lambda w: paper_accuracy([w.experiment]),
    output:
        pdf="results/{experiment}/figures/gain.pdf",
        png=report(
            "results/{experiment}/figures/gain.png",
            caption="captions/gain.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "gain"},
        ),
    log:
        "logs/{experiment}/plot_gain.log",
    wildcard_constraints:
        experiment=one_of(WITH_RANDOM),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        references=lambda w: references([w.experiment]),
        code=lambda w: code_digest("plot_gain"),
    message:
        "Draw the gain over Random, of {wildcards.experiment}"
    script:
        "../scripts/plot_gain.py"


rule plot_pretraining:
    input:
        history="results/{experiment}/pretrain.csv",
    output:
        pdf="results/{experiment}/figures/pretraining.pdf",
        png=report(
            "results/{experiment}/figures/pretraining.png",
            caption="captions/pretraining.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "pretraining"},
        ),
    log:
        "logs/{experiment}/plot_pretraining.log",
    wildcard_constraints:
        experiment=one_of(TRAINED),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        made_by=made_by("encoder"),
        code=lambda w: code_digest("plot_pretraining"),
    message:
        "Draw the course of the pretraining of {wildcards.experiment}"
    script:
        "../scripts/plot_pretraining.py"


rule table_accuracy:
    input:
        accuracy="results/{experiment}/accuracy.csv",
    output:
        md="results/{experiment}/tables/accuracy.md",
        csv=report(
            "results/{experiment}/tables/accuracy.csv",
            caption="captions/table_accuracy.rst",
            category="{experiment}",
            labels={"result": "table", "of": "accuracy"},
        ),
        tex="results/{experiment}/tables/accuracy.tex",
    log:
        "logs/{experiment}/table_accuracy.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("table_accuracy"),
    message:
        "Write the table of accuracies of {wildcards.experiment}"
    script:
        "../scripts/table_accuracy.py"


rule table_effective_budget:
    input:
        accuracy="results/{experiment}/accuracy.csv",
    output:
        md="results/{experiment}/tables/effective_budget.md",
        csv=report(
            "results/{experiment}/tables/effective_budget.csv",
            caption="captions/effective_budget.rst",
            category="{experiment}",
            labels={"result": "table", "of": "effective budget"},
        ),
        tex="results/{experiment}/tables/effective_budget.tex",
    log:
        "logs/{experiment}/table_effective_budget.log",
    wildcard_constraints:
        experiment=one_of(WITH_RANDOM),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("table_effective_budget"),
    message:
        "Write the table of effective budget ratios of {wildcards.experiment}"
    script:
        "../scripts/table_effective_budget.py"


rule table_behind_best:
    input:
        accuracy="results/{experiment}/accuracy.csv",
    output:
        md="results/{experiment}/tables/behind_best.md",
        csv=report(
            "results/{experiment}/tables/behind_best.csv",
            caption="captions/behind_best.rst",
            category="{experiment}",
            labels={"result": "table", "of": "behind the best"},
        ),
        tex="results/{experiment}/tables/behind_best.tex",
    log:
        "logs/{experiment}/table_behind_best.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("table_behind_best"),
    message:
        "Write how far each strategy is behind the best, of {wildcards.experiment}"
    script:
        "../scripts/table_behind_best.py"
