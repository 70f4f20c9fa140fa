"""Accuracies, figures and tables of each experiment."""


rule collect_accuracy:
    input:
        classifiers=all_classifiers,
    output:
        accuracy="results/{experiment}/accuracy.csv",
    log:
        "logs/{experiment}/collect_accuracy.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("collect_accuracy"),
    script:
        "../scripts/collect_accuracy.py"


rule plot_accuracy:
    input:
        accuracy="results/{experiment}/accuracy.csv",
    output:
        multiext("results/{experiment}/figures/accuracy", ".pdf", ".png"),
    log:
        "logs/{experiment}/plot_accuracy.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("plot_accuracy"),
    script:
        "../scripts/plot_accuracy.py"


rule plot_gain:
    input:
        accuracy="results/{experiment}/accuracy.csv",
    output:
        multiext("results/{experiment}/figures/gain", ".pdf", ".png"),
    log:
        "logs/{experiment}/plot_gain.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("plot_gain"),
    script:
        "../scripts/plot_gain.py"


rule plot_pretraining:
    input:
        history="results/{experiment}/pretrain.csv",
    output:
        multiext("results/{experiment}/figures/pretraining", ".pdf", ".png"),
    log:
        "logs/{experiment}/plot_pretraining.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("plot_pretraining"),
    script:
        "../scripts/plot_pretraining.py"


rule table_accuracy:
    input:
        accuracy="results/{experiment}/accuracy.csv",
    output:
        multiext("results/{experiment}/tables/accuracy", ".md", ".csv", ".tex"),
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
        multiext("results/{experiment}/tables/effective_budget", ".md", ".csv", ".tex"),
    log:
        "logs/{experiment}/table_effective_budget.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("table_effective_budget"),
    script:
        "../scripts/table_effective_budget.py"
