"""What spans experiments, and the paper's numbers beside those of experiments that name them."""


use rule plot_accuracy as plot_accuracies with:
    input:
        accuracy=expand("results/{experiment}/accuracy.csv", experiment=SIMULATED),
        paper=paper_accuracy(SIMULATED),
    output:
        pdf="results/summary/figures/accuracy.pdf",
        png=report(
            "results/summary/figures/accuracy.png",
            caption="captions/accuracy.rst",
            category="summary",
            labels={"result": "figure", "of": "accuracy"},
        ),
    log:
        "logs/summary/plot_accuracies.log",
    localrule: True
    params:
        references=references(SIMULATED),
        code=lambda w: code_digest("plot_accuracy"),
    message:
        "Draw accuracy against number of labels, of all experiments"


use rule plot_gain as plot_gains with:
    input:
        accuracy=expand("results/{experiment}/accuracy.csv", experiment=WITH_RANDOM),
        paper=paper_accuracy(WITH_RANDOM),
    output:
        pdf="results/summary/figures/gain.pdf",
        png=report(
            "results/summary/figures/gain.png",
            caption="captions/gain.rst",
            category="summary",
            labels={"result": "figure", "of": "gain"},
        ),
    log:
        "logs/summary/plot_gains.log",
    localrule: True
    params:
        references=references(WITH_RANDOM),
        code=lambda w: code_digest("plot_gain"),
    message:
        "Draw the gain over Random, of all experiments"


rule table_effective_budgets:
    input:
        accuracy=expand("results/{experiment}/accuracy.csv", experiment=WITH_RANDOM),
        paper=relpath(reference.ACCURACY),
        printed=relpath(reference.EFFECTIVE_BUDGET),
    output:
        md="results/summary/tables/effective_budget.md",
        csv=report(
            "results/summary/tables/effective_budget.csv",
            caption="captions/effective_budgets.rst",
            category="summary",
            labels={"result": "table", "of": "effective budget"},
        ),
        tex="results/summary/tables/effective_budget.tex",
    log:
        "logs/summary/table_effective_budgets.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=lambda w: code_digest("table_effective_budgets"),
    message:
        "Write the table of effective budget ratios of all experiments"
    script:
        "../scripts/table_effective_budgets.py"


rule table_against_paper:
    input:
        accuracy="results/{experiment}/accuracy.csv",
        paper=relpath(reference.ACCURACY),
    output:
        md="results/{experiment}/tables/against_paper.md",
        csv=report(
            "results/{experiment}/tables/against_paper.csv",
            caption="captions/against_paper.rst",
            category="{experiment}",
            labels={"result": "table", "of": "against the paper"},
        ),
        tex="results/{experiment}/tables/against_paper.tex",
    log:
        "logs/{experiment}/table_against_paper.log",
    wildcard_constraints:
        experiment=one_of(REFERENCES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        references=lambda w: references([w.experiment]),
        code=lambda w: code_digest("table_against_paper"),
    message:
        "Write the gains of {wildcards.experiment} beside the paper's"
    script:
        "../scripts/table_against_paper.py"


rule table_claims:
    input:
        accuracy="results/{experiment}/accuracy.csv",
        claims=relpath(reference.CLAIMS),
    output:
        md="results/{experiment}/tables/claims.md",
        csv=report(
            "results/{experiment}/tables/claims.csv",
            caption="captions/claims.rst",
            category="{experiment}",
            labels={"result": "table", "of": "claims"},
        ),
        tex="results/{experiment}/tables/claims.tex",
    log:
        "logs/{experiment}/table_claims.log",
    wildcard_constraints:
        experiment=one_of(REFERENCES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        reference=lambda w: REFERENCES[w.experiment],
        code=lambda w: code_digest("table_claims"),
    message:
        "Write which of the paper's claims hold in {wildcards.experiment}"
    script:
        "../scripts/table_claims.py"
