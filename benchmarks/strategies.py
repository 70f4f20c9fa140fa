"""Time each strategy, and its memory, beside scikit-activeml's where it has the same.

    .venv/bin/python benchmarks/strategies.py [--samples 10000 50000] [--strategies badge typiclust]
                                              [--width 512] [--classes 100] [--labels 1000]
                                              [--budget 500] [--limit 300]

A pool of random embeddings (with a random head of 512 hidden units) is asked for images; what
clusters the pool first is counted in. Each strategy runs in a process of its own, ours and
scikit-activeml's one after the other. Memory is the peak beyond the inputs. A rival that fails,
runs out of the memory or takes longer than the limit counts as none. The last lines are `name
value`, a line each; times are in seconds, those of `cpu` of all threads, and ratios are within this
run.
"""

import argparse
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from timing import seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl import strategies
from ntkcpl.head import Head
from ntkcpl.strategies import Pool

UNITS = 512
LIMIT_BYTES = 20 * 2**30


class Size(NamedTuple):
    """What is asked of a strategy: images, dimensions, classes, labels held and images wanted."""

    samples: int
    width: int
    classes: int
    labels: int
    budget: int


# Name -> settings; other methods run with their defaults.
SETTINGS = {
    "bait_classes": {"method": "bait", "information": "classes"},
    "uherding_fitted": {"method": "uherding", "temperature": "fitted"},
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
    "falcun": ("Falcun", {}, True),
}


def inputs(size):
    """Return embeddings, the head, and the rows that are labelled, with their classes."""
    n, width, classes, labels, _ = size
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((classes, width), dtype=np.float32)
    truth = rng.integers(classes, size=n)
    embedding = rng.standard_normal((n, width), dtype=np.float32)
    embedding += centres[truth]
    head = Head(
        weight=rng.standard_normal((UNITS, width), dtype=np.float32) / 20,
        bias=np.zeros(UNITS, np.float32),
        readout=rng.standard_normal((classes, UNITS), dtype=np.float32) / 10,
        readout_bias=np.zeros(classes, np.float32),
    )
    labelled = rng.permutation(n)[:labels]
    return embedding, head, labelled, truth[labelled]


def ours(name, size):
    """Return a function that asks our strategy."""
    embedding, head, labelled, label = inputs(size)
    strategy = strategies.load(SETTINGS.get(name, {"method": name}))
    clustering = strategy.clustering(labels=size.labels + size.budget, first_budget=size.labels)

    def ask():
        pool = Pool(embedding, labelled, label, head)
        if clustering is not None:
            clusters = clustering.cluster(pool, np.random.default_rng(0), n_classes=size.classes)
            pool = replace(pool, clusters=clusters)
        return strategy.query(pool, size.budget, np.random.default_rng(0)).index

    return ask


def rival(name, size):
    """Return a function that asks scikit-activeml's strategy."""
    import skactiveml.pool
    from skactiveml.base import SkactivemlClassifier

    embedding, head, labelled, label = inputs(size)

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
    y = np.full(size.samples, np.nan)
    y[labelled] = label
    classifier = Known(classes=np.arange(size.classes))
    extra = {"clf": classifier, "fit_clf": False} if asks else {}
    return lambda: strategy.query(embedding, y, batch_size=size.budget, **extra)


def cpu_seconds():
    """Return the time that this process's threads have run."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(make, budget):
    """Print seconds, CPU seconds and peak memory beyond the inputs, in GB, of what is made."""
    ask = make()
    page = resource.getpagesize()
    before = int(Path("/proc/self/statm").read_text().split()[1]) * page
    chosen, running = [], cpu_seconds()
    taken = seconds(lambda: chosen.extend(ask()))
    running = cpu_seconds() - running
    assert len(set(chosen)) == budget
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([taken, running, max(0, peak - before) / 2**30]))


def run(which, name, size, limit):
    """Measure in a process of its own; return seconds, CPU seconds and memory, or NaN for all."""
    command = [sys.executable, __file__, "--one", which, name, *map(str, size)]
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
        return np.nan, np.nan, np.nan
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Run the benchmark and print its lines."""
    names = sorted({*strategies.methods(), *SETTINGS} - {"coreset", "ntkcpl"})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--strategies", nargs="+", choices=names, default=names)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--labels", type=int, default=1000)
    parser.add_argument("--budget", type=int, default=500)
    parser.add_argument("--limit", type=float, default=300, help="seconds")
    parser.add_argument("--one", nargs=7, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        which, name, *numbers = arguments.one
        size = Size(*map(int, numbers))
        measure(lambda: {"ours": ours, "rival": rival}[which](name, size), size.budget)
        return
    for n in arguments.samples:
        size = Size(n, arguments.width, arguments.classes, arguments.labels, arguments.budget)
        for name in arguments.strategies:
            own, running, memory = run("ours", name, size, arguments.limit)
            print(f"{name}_seconds_n{n} {own:.3g}")
            print(f"{name}_cpu_seconds_n{n} {running:.3g}")
            print(f"{name}_memory_gb_n{n} {memory:.3g}", flush=True)
            if name in RIVALS:
                theirs, _, memory = run("rival", name, size, arguments.limit)
                print(f"{name}_rival_over_ours_n{n} {theirs / own:.3g}")
                print(f"{name}_rival_memory_gb_n{n} {memory:.3g}", flush=True)


if __name__ == "__main__":
    main()
