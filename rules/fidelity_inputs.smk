"""What the rules in fidelity.smk ask for, and of which experiments."""

# NTKCPL's strategies in each experiment that lists any: they estimate coverage.
ESTIMATING = {
    name: strategies
    for name in SIMULATED
    if (
        strategies := [
            s
            for s in CONFIG.experiments[name].strategies
            if CONFIG.strategy(name, s).method == "ntkcpl"
        ]
    )
}
# From so many labels on the paper compares C_max (its Fig. 5): before, there are fewer clusters.
MANY_LABELS = 400


def cluster_numbers(experiment):
    """C_max of the experiment's NTKCPLs that differ in nothing else; of the first such family."""
    families = {}
    for name in ESTIMATING.get(experiment, []):
        settings = dict(CONFIG.strategy(experiment, name))
        number = settings.pop("max_clusters")
        families.setdefault(canonical(**settings), {})[name] = number
    return next((family for family in families.values() if len(family) > 1), {})


COMPARING_C_MAX = {
    name
    for name in ESTIMATING
    if cluster_numbers(name) and CONFIG.experiments[name].budgets[-1] >= MANY_LABELS
}


def of_all_ntkcpl(file):
    """Input function: the files of that name of all runs of NTKCPL."""
    return lambda w: expand(
        f"results/{{experiment}}/{{strategy}}/seed{{seed}}/{file}",
        experiment=w.experiment,
        strategy=ESTIMATING[w.experiment],
        seed=experiment_of(w).seeds,
    )


def of_a_run(file):
    """Input function: the files of that name of all rounds of a run."""
    return lambda w: of_all_rounds(file, w.experiment, w.strategy, w.seed)
