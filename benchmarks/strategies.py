"""Time each strategy, and its memory, beside scikit-activeml's where it has the same.

    .venv/bin/python benchmarks/strategies.py [--samples 10000 50000] [--strategies badge typiclust]
                                              [--limit 300]

A pool of random embeddings (512 dimensions, 100 classes, a random head of 512 hidden units, 1,000
labels) is asked for 500 images; what clusters the pool first is counted in. Each strategy runs in
a process of its own, ours and scikit-activeml's one after the other. Memory is the peak beyond the
inputs. A rival that fails, runs out of the memory or takes longer than the limit counts as none.
The last lines are `name value`, a line each; times are in seconds, and ratios are within this run.
"""

import argparse
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from timing import seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl import strategies
from ntkcpl.head import Head
from ntkcpl.strategies import Pool

WIDTH, UNITS, CLASSES, LABELLED, BUDGET = 512, 512, 100, 1000, 500
LIMIT_BYTES = 20 * 2**30

# Name -> settings; other methods run with their defaults.
SETTINGS = {
    "coreset_self": {"method": "coreset", "feature": "self"},
    "coreset_al": {"method": "coreset", "feature": "al"},
    "ntkcpl_self": {"method": "ntkcpl", "feature": "self"},
    "ntkcpl_al": {"method": "ntkcpl", "feature": "al"},
}
# Name -> class of skactiveml.pool, its options, and whether it asks a classifier.
RIVALS = {
    "random": ("RandomSampling", {}, False),
    "entropy": ("UncertaintySampling", {"method": "entropy"}, True),
    "margin": ("UncertaintySampling", {"method": "margin_sampling"}, True),
    "coreset_self": ("CoreSet", {}, False),
    "badge": ("Badge", {"clf_embedding_flag_name": "return_embeddings"}, True),
    "typiclust": ("TypiClust", {"k": 20}, False),
    "probcover": ("ProbCover", {}, False),
    "maxherding": ("MaxHerding", {}, False),
    "dropquery": ("DropQuery", {}, True),
}


def inputs(n):
    """Return embeddings, the head, and the rows that are labelled, with their classes."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CLASSES, WIDTH), dtype=np.float32)
    truth = rng.integers(CLASSES, size=n)
    embedding = rng.standard_normal((n, WIDTH), dtype=np.float32)
    embedding += centres[truth]
    head = Head(
        weight=rng.standard_normal((UNITS, WIDTH), dtype=np.float32) / 20,
        bias=np.zeros(UNITS, np.float32),
        readout=rng.standard_normal((CLASSES, UNITS), dtype=np.float32) / 10,
        readout_bias=np.zeros(CLASSES, np.float32),
    )
    labelled = rng.permutation(n)[:LABELLED]
    return embedding, head, labelled, truth[labelled]


def ours(name, n):
    """Return a function that asks our strategy."""
    embedding, head, labelled, label = inputs(n)
    strategy = strategies.load(SETTINGS.get(name, {"method": name}))
    clustering = strategy.clustering(labels=LABELLED + BUDGET, first_budget=LABELLED)

    def ask():
        pool = Pool(embedding, labelled, label, head)
        if clustering is not None:
            clusters = clustering.cluster(pool, np.random.default_rng(0), n_classes=CLASSES)
            pool = replace(pool, clusters=clusters)
        return strategy.query(pool, BUDGET, np.random.default_rng(0)).index

    return ask


def rival(name, n):
    """Return a function that asks scikit-activeml's strategy."""
    import skactiveml.pool
    from skactiveml.base import SkactivemlClassifier

    embedding, head, labelled, label = inputs(n)

    class Known(SkactivemlClassifier):
        """The head, as scikit-activeml asks it."""

        def fit(self, X, y, sample_weight=None):
            return self

        def predict(self, X):
            return head.probability(X).argmax(axis=1)

        def predict_proba(self, X, return_embeddings=False):
            probability = head.probability(X)
            return (probability, head.hidden(X)) if return_embeddings else probability

    kind, options, asks = RIVALS[name]
    strategy = getattr(skactiveml.pool, kind)(random_state=0, **options)
    y = np.full(n, np.nan)
    y[labelled] = label
    classifier = Known(classes=np.arange(CLASSES))
    extra = {"clf": classifier, "fit_clf": False} if asks else {}
    return lambda: strategy.query(embedding, y, batch_size=BUDGET, **extra)


def measure(make):
    """Print the seconds and the peak memory beyond the inputs, in GB, of what `make` returns."""
    ask = make()
    page = resource.getpagesize()
    before = int(Path("/proc/self/statm").read_text().split()[1]) * page
    chosen = []
    taken = seconds(lambda: chosen.extend(ask()))
    assert len(set(chosen)) == BUDGET
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([taken, max(0, peak - before) / 2**30]))


def run(which, name, n, limit):
    """Measure in a process of its own; return seconds and memory, or NaN for both."""
    command = [sys.executable, __file__, "--one", which, name, str(n)]
    memory = (resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES)) if which == "rival" else None
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=limit,
            check=True,
            preexec_fn=None if memory is None else lambda: resource.setrlimit(*memory),
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return np.nan, np.nan
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Run the benchmark and print its lines."""
    names = sorted({*strategies.methods(), *SETTINGS} - {"coreset", "ntkcpl"})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--strategies", nargs="+", choices=names, default=names)
    parser.add_argument("--limit", type=float, default=300, help="seconds")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        which, name, n = arguments.one
        measure(lambda: {"ours": ours, "rival": rival}[which](name, int(n)))
        return
    for n in arguments.samples:
        for name in arguments.strategies:
            own, memory = run("ours", name, n, arguments.limit)
            print(f"{name}_seconds_n{n} {own:.3g}")
            print(f"{name}_memory_gb_n{n} {memory:.3g}")
            if name in RIVALS:
                theirs, memory = run("rival", name, n, arguments.limit)
                print(f"{name}_rival_over_ours_n{n} {theirs / own:.3g}")
                print(f"{name}_rival_memory_gb_n{n} {memory:.3g}", flush=True)


if __name__ == "__main__":
    main()
