"""Whether NTKCPL's kernel regression knows what the trained head will do (docs/method.md).

And the paper's Figures 1 and 4 to 9, which say why, and at what cost.
"""


rule fidelity:
    input:
        lambda w: [
            *of_experiments("fidelity.smk"),
            *(
                file.format(
                    experiment=name,
                    strategy=strategies[0],
                    seed=CONFIG.experiments[name].seeds[0],
                    round=1,
                )
                for name, strategies in ESTIMATING.items()
                for file in rules.plot_coverage_map.output
            ),
        ],
    localrule: True
    message:
        "The paper's Figures 1 and 4 to 9 are there"


rule compare_kernels:
    input:
        features="results/{experiment}/features.h5",
        classifiers=lambda w: of_all_rounds(
            "classifier.h5", w.experiment, "random", w.seed
        ),
        views=branch(
            lambda w: w.experiment in ROUND_BY_ROUND,
            lambda w: of_all_rounds("views.h5", w.experiment, "random", w.seed),
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
        made_by=made_by("features", "classifier", "views"),
        settings=lambda w: canonical_json(experiment_of(w).classifier),
        code=lambda w: code_digest("compare_kernels"),
    message:
        "Compare kernels with the trained classifiers: {wildcards.experiment}/random/seed{wildcards.seed}"
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
            caption="captions/kernels.rst",
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
        code=lambda w: code_digest("plot_kernels"),
    message:
        "Draw how well kernels predict classifiers, of {wildcards.experiment}"
    script:
        "../scripts/plot_kernels.py"


rule table_kernels:
    input:
        kernels=rules.plot_kernels.input.kernels,
    output:
        md="results/{experiment}/tables/kernels.md",
        csv=report(
            "results/{experiment}/tables/kernels.csv",
            caption="captions/kernels.rst",
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
        code=lambda w: code_digest("table_kernels"),
    message:
        "Write the table of kernels of {wildcards.experiment}"
    script:
        "../scripts/table_kernels.py"


rule measure_coverage:
    input:
        features="results/{experiment}/features.h5",
        clusters=of_a_run("clusters.h5"),
        classifiers=of_a_run("classifier.h5"),
    output:
        coverage="results/{experiment}/{strategy}/seed{seed}/coverage.csv",
    log:
        "logs/{experiment}/{strategy}/seed{seed}/measure_coverage.log",
    benchmark:
        "logs/{experiment}/{strategy}/seed{seed}/measure_coverage.tsv"
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=memory_mb(strategy_of),
    params:
        made_by=made_by("features", "classifier"),
        strategy=lambda w: strategy_of(w).canonical(),
        code=lambda w: code_digest("measure_coverage"),
    message:
        "Measure estimated and true coverage: {wildcards.experiment}/{wildcards.strategy}/seed{wildcards.seed}"
    script:
        "../scripts/measure_coverage.py"


rule plot_coverage:
    input:
        coverage=of_all_ntkcpl("coverage.csv"),
    output:
        pdf="results/{experiment}/figures/coverage.pdf",
        png=report(
            "results/{experiment}/figures/coverage.png",
            caption="captions/coverage.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "coverage"},
        ),
    log:
        "logs/{experiment}/plot_coverage.log",
    wildcard_constraints:
        experiment=one_of(ESTIMATING),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("plot_coverage"),
    message:
        "Draw estimated and true coverage (Figure 4) of {wildcards.experiment}"
    script:
        "../scripts/plot_coverage.py"


rule plot_errors:
    input:
        coverage=of_all_ntkcpl("coverage.csv"),
    output:
        pdf="results/{experiment}/figures/errors.pdf",
        png=report(
            "results/{experiment}/figures/errors.png",
            caption="captions/errors.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "errors"},
        ),
    log:
        "logs/{experiment}/plot_errors.log",
    wildcard_constraints:
        experiment=one_of(ESTIMATING),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("plot_errors"),
    message:
        "Draw the error of the estimate and its bound, of {wildcards.experiment}"
    script:
        "../scripts/plot_errors.py"


rule plot_claim:
    input:
        coverage=of_all_ntkcpl("coverage.csv"),
    output:
        pdf="results/{experiment}/figures/claim.pdf",
        png=report(
            "results/{experiment}/figures/claim.png",
            caption="captions/claim.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "claim"},
        ),
    log:
        "logs/{experiment}/plot_claim.log",
    wildcard_constraints:
        experiment=one_of(ESTIMATING),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("plot_claim"),
    message:
        "Draw Figure 6 of {wildcards.experiment}"
    script:
        "../scripts/plot_claim.py"


rule plot_impurity:
    input:
        coverage=of_all_ntkcpl("coverage.csv"),
    output:
        pdf="results/{experiment}/figures/impurity.pdf",
        png=report(
            "results/{experiment}/figures/impurity.png",
            caption="captions/impurity.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "impurity"},
        ),
    log:
        "logs/{experiment}/plot_impurity.log",
    wildcard_constraints:
        experiment=one_of(ESTIMATING),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("plot_impurity"),
    message:
        "Draw Figure 7 of {wildcards.experiment}"
    script:
        "../scripts/plot_impurity.py"


rule plot_over_clustering:
    input:
        coverage=of_all_ntkcpl("coverage.csv"),
    output:
        pdf="results/{experiment}/figures/over_clustering.pdf",
        png=report(
            "results/{experiment}/figures/over_clustering.png",
            caption="captions/over_clustering.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "over clustering"},
        ),
    log:
        "logs/{experiment}/plot_over_clustering.log",
    wildcard_constraints:
        experiment=one_of(ESTIMATING),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("plot_over_clustering"),
    message:
        "Draw Figure 8 of {wildcards.experiment}"
    script:
        "../scripts/plot_over_clustering.py"


rule compare_notions:
    input:
        features="results/{experiment}/features.h5",
        clusters=of_a_run("clusters.h5"),
        classifiers=of_a_run("classifier.h5"),
    output:
        notions="results/{experiment}/{strategy}/seed{seed}/notions.csv",
    log:
        "logs/{experiment}/{strategy}/seed{seed}/compare_notions.log",
    benchmark:
        "logs/{experiment}/{strategy}/seed{seed}/compare_notions.tsv"
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=memory_mb(strategy_of),
    params:
        made_by=made_by("features", "classifier"),
        strategy=lambda w: strategy_of(w).canonical(),
        code=lambda w: code_digest("compare_notions"),
    message:
        "Compare notions of coverage: {wildcards.experiment}/{wildcards.strategy}/seed{wildcards.seed}"
    script:
        "../scripts/compare_notions.py"


rule table_coverage_notions:
    input:
        notions=of_all_ntkcpl("notions.csv"),
    output:
        md="results/{experiment}/tables/coverage_notions.md",
        csv=report(
            "results/{experiment}/tables/coverage_notions.csv",
            caption="captions/coverage_notions.rst",
            category="{experiment}",
            labels={"result": "table", "of": "coverage notions"},
        ),
        tex="results/{experiment}/tables/coverage_notions.tex",
    log:
        "logs/{experiment}/table_coverage_notions.log",
    wildcard_constraints:
        experiment=one_of(ESTIMATING),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("table_coverage_notions"),
    message:
        "Write how far notions of coverage agree with the truth, of {wildcards.experiment}"
    script:
        "../scripts/table_coverage_notions.py"


# Of any round of NTKCPL that is asked for; the target `fidelity` asks for one.
rule plot_coverage_map:
    input:
        features="results/{experiment}/features.h5",
        clusters=f"results/{RUN}/clusters.h5",
        classifier=f"results/{RUN}/classifier.h5",
    output:
        pdf=f"results/{RUN}/coverage_map.pdf",
        png=report(
            f"results/{RUN}/coverage_map.png",
            caption="captions/coverage_map.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "coverage map"},
        ),
    log:
        f"logs/{RUN}/plot_coverage_map.log",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=memory_mb(strategy_of),
    params:
        made_by=made_by("features", "classifier", "clusters"),
        strategy=lambda w: strategy_of(w).canonical(),
        code=lambda w: code_digest("plot_coverage_map"),
    message:
        f"Draw which images are covered (Figure 1): {THIS_ROUND}"
    script:
        "../scripts/plot_coverage_map.py"


rule plot_selection_time:
    input:
        accuracy="results/{experiment}/accuracy.csv",
    output:
        pdf="results/{experiment}/figures/selection_time.pdf",
        png=report(
            "results/{experiment}/figures/selection_time.png",
            caption="captions/selection_time.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "selection time"},
        ),
    log:
        "logs/{experiment}/plot_selection_time.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("plot_selection_time"),
    message:
        "Draw the time of all selections (Figure 9) of {wildcards.experiment}"
    script:
        "../scripts/plot_selection_time.py"


rule plot_cluster_number:
    input:
        accuracy="results/{experiment}/accuracy.csv",
    output:
        pdf="results/{experiment}/figures/cluster_number.pdf",
        png=report(
            "results/{experiment}/figures/cluster_number.png",
            caption="captions/cluster_number.rst",
            category="{experiment}",
            labels={"result": "figure", "of": "cluster number"},
        ),
    log:
        "logs/{experiment}/plot_cluster_number.log",
    wildcard_constraints:
        experiment=one_of(COMPARING_C_MAX),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        numbers=lambda w: cluster_numbers(w.experiment),
        fewest_labels=MANY_LABELS,
        code=lambda w: code_digest("plot_cluster_number"),
    message:
        "Draw accuracy against the number of clusters (Figure 5) of {wildcards.experiment}"
    script:
        "../scripts/plot_cluster_number.py"
