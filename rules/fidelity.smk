"""Whether NTKCPL's kernel regression knows what the trained head will do (docs/method.md)."""

# The strategies that estimate coverage, and the experiments that have one.
ESTIMATING = {n for n, s in CONFIG.strategies.items() if s.method == "ntkcpl"}
WITH_ESTIMATES = {
    n for n, e in CONFIG.experiments.items() if ESTIMATING & {*e.strategies}
}


rule fidelity:
    input:
        lambda w: of_experiments("fidelity.smk"),
    localrule: True


rule compare_kernels:
    input:
        features="results/{experiment}/features.h5",
        classifiers=lambda w: of_all_rounds(
            "classifier.h5", w.experiment, "random", w.seed
        ),
    output:
        kernels="results/{experiment}/random/seed{seed}/kernels.csv",
    log:
        "logs/{experiment}/random/seed{seed}/compare_kernels.log",
    benchmark:
        "logs/{experiment}/random/seed{seed}/compare_kernels.tsv"
    conda:
        "../envs/environment.yaml"
    params:
        settings=lambda w: canonical_json(experiment_of(w).classifier),
        code=code_digest("compare_kernels"),
    script:
        "../scripts/compare_kernels.py"


rule plot_kernels:
    input:
        kernels=lambda w: expand(
            "results/{experiment}/random/seed{seed}/kernels.csv",
            experiment=w.experiment,
            seed=experiment_of(w).seeds,
        ),
    output:
        pdf="results/{experiment}/figures/kernels.pdf",
        png=report(
            "results/{experiment}/figures/kernels.png",
            category="{experiment}",
            labels={"result": "figure", "of": "kernels"},
        ),
    log:
        "logs/{experiment}/plot_kernels.log",
    wildcard_constraints:
        experiment=one_of(WITH_RANDOM),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("plot_kernels"),
    script:
        "../scripts/plot_kernels.py"


rule table_kernels:
    input:
        kernels=rules.plot_kernels.input.kernels,
    output:
        md="results/{experiment}/tables/kernels.md",
        csv=report(
            "results/{experiment}/tables/kernels.csv",
            category="{experiment}",
            labels={"result": "table", "of": "kernels"},
        ),
        tex="results/{experiment}/tables/kernels.tex",
    log:
        "logs/{experiment}/table_kernels.log",
    wildcard_constraints:
        experiment=one_of(WITH_RANDOM),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("table_kernels"),
    script:
        "../scripts/table_kernels.py"


rule measure_coverage:
    input:
        features="results/{experiment}/features.h5",
        clusters=lambda w: of_all_rounds(
            "clusters.h5", w.experiment, w.strategy, w.seed
        ),
        batches=lambda w: of_all_rounds("batch.csv", w.experiment, w.strategy, w.seed),
        classifiers=lambda w: of_all_rounds(
            "classifier.h5", w.experiment, w.strategy, w.seed
        ),
    output:
        coverage="results/{experiment}/{strategy}/seed{seed}/coverage.csv",
    log:
        "logs/{experiment}/{strategy}/seed{seed}/measure_coverage.log",
    benchmark:
        "logs/{experiment}/{strategy}/seed{seed}/measure_coverage.tsv"
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=memory_mb,
    params:
        strategy=lambda w: strategy_of(w).canonical(),
        code=code_digest("measure_coverage"),
    script:
        "../scripts/measure_coverage.py"


rule plot_coverage:
    input:
        coverage=lambda w: expand(
            "results/{experiment}/{strategy}/seed{seed}/coverage.csv",
            experiment=w.experiment,
            strategy=[s for s in experiment_of(w).strategies if s in ESTIMATING],
            seed=experiment_of(w).seeds,
        ),
    output:
        pdf="results/{experiment}/figures/coverage.pdf",
        png=report(
            "results/{experiment}/figures/coverage.png",
            category="{experiment}",
            labels={"result": "figure", "of": "coverage"},
        ),
    log:
        "logs/{experiment}/plot_coverage.log",
    wildcard_constraints:
        experiment=one_of(WITH_ESTIMATES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_digest("plot_coverage"),
    script:
        "../scripts/plot_coverage.py"
