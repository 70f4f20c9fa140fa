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
        code=code_digest("collect_accuracy"),
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
        code=code_digest("estimate_accuracy"),
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
        code=code_digest("plot_accuracy"),
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
        code=code_digest("plot_gain"),
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
        code=code_digest("plot_pretraining"),
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
        code=code_digest("table_accuracy"),
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
        code=code_digest("table_effective_budget"),
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
        code=code_digest("table_behind_best"),
    script:
        "../scripts/table_behind_best.py"
