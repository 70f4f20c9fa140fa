"""How time and memory of a batch of 100 grow with the pool, for every strategy.

    .venv/bin/python benchmarks/scale.py table.csv [--samples 10000 100000 1000000 10000000]
                                         [--width 256] [--strategies margin uherding]
                                         [--folder /tmp] [--limit 1800]
    .venv/bin/python benchmarks/scale.py table.csv --figure scale.png [--width 256]

A pool of random embeddings, a mixture of normal distributions, is written as shards of float16 and
imported as people's are, which is the row `import_features`. 100 of its images are labelled, in ten
classes, and a random head of 512 hidden units stands for the classifier. Each strategy is asked for
100 more, clustering included, in a process of its own, with its default parameters, of what it
reads from `features.h5`. Rows are added to the table as they come, and those that are there are not
run again: strategy, samples, width, wall seconds, CPU seconds of all threads, and the peak of
resident memory in GB, in which the part of the file counts that was mapped. A strategy that is not
done within the limit has no numbers. The figure has a curve for each strategy of one width and fits
a power of N to the CPU seconds of the two largest pools.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from results_table import ResultsTable

from ntkcpl import strategies
from ntkcpl.artifacts.features import read_features
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.candidates import number_considered
from ntkcpl.head import Head
from ntkcpl.precomputed import import_features
from ntkcpl.strategies import Pool

COLUMNS = ["strategy", "samples", "width", "seconds", "cpu_seconds", "memory_gb"]
CLASSES, LABELS, BUDGET, UNITS = 10, 100, 100, 512
SHARD = 2**18  # images
IMPORT = "import_features"
# Name -> settings; other methods run with their defaults.
SETTINGS = {
    "coreset_self": {"method": "coreset", "feature": "self"},
    "coreset_al": {"method": "coreset", "feature": "al"},
    "ntkcpl_self": {"method": "ntkcpl", "feature": "self"},
    "ntkcpl_al": {"method": "ntkcpl", "feature": "al"},
    "ntkcpl_prototypes": {
        "method": "ntkcpl",
        "feature": "self",
        "candidates": {"prototypes": 10_000},
    },
    "variance_by_landmarks": {
        "method": "weighted_variance",
        "covariance": {"landmarks": 512},
        "candidates": 1_000_000,
    },
}
NAMES = sorted({*strategies.methods(), *SETTINGS} - {"coreset", "ntkcpl"})


def write_shards(folder, n, width):
    """Write a pool of n embeddings, and ten more as its test part, as shards of float16."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((100, width), dtype=np.float32)

    def some(rows):
        block = rng.standard_normal((rows, width), dtype=np.float32)
        block += centres[rng.integers(100, size=rows)]
        return block.astype(np.float16)

    for part in ("pool", "test"):
        (folder / part).mkdir(parents=True)
    np.save(folder / "test" / "0.npy", some(10))
    for start in range(0, n, SHARD):
        np.save(folder / "pool" / f"{start:08}.npy", some(min(SHARD, n - start)))


def choose(name, features):
    """Cluster where the strategy wants it, and choose a batch."""
    n, width = features.embedding.shape
    rng = np.random.default_rng(1)
    head = Head(
        weight=rng.standard_normal((UNITS, width), dtype=np.float32) / 20,
        bias=np.zeros(UNITS, np.float32),
        readout=rng.standard_normal((CLASSES, UNITS), dtype=np.float32) / 10,
        readout_bias=np.zeros(CLASSES, np.float32),
    )
    labelled = rng.choice(n, LABELS, replace=False)
    strategy = strategies.load(SETTINGS.get(name, {"method": name}))
    clustering = strategy.clustering(labels=LABELS + BUDGET, first_budget=LABELS)
    pool = Pool(features.embedding, labelled, np.arange(LABELS) % CLASSES, head)
    if clustering is not None:
        pool = replace(pool, clusters=clustering.cluster(pool, rng, n_classes=CLASSES))
    assert len(set(strategy.query(pool, BUDGET, rng).index)) == BUDGET


def run_one(name, shards, path):
    """Import the shards, or ask one strategy; print wall and CPU seconds and GB of memory."""
    started, running = time.perf_counter(), time.process_time()
    if name == IMPORT:
        import_features(path, shards, Provenance(), progress=False, to_be_labelled=True)
    else:
        choose(name, read_features(path))
    taken = [time.perf_counter() - started, time.process_time() - running]
    print(json.dumps([*taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))


def measure(arguments):
    """Add what is not there yet to the table."""
    table = ResultsTable(arguments.table, COLUMNS, keys=3)
    width = arguments.width
    for n in arguments.samples:
        wanted = [name for name in arguments.strategies if not table.has(name, n, width)]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            shards, path = Path(folder) / "shards", Path(folder) / "features.h5"
            write_shards(shards, n, width)
            for name in (IMPORT, *wanted):
                command = [sys.executable, __file__, "-", "--one", name, str(shards), str(path)]
                limit = None if name == IMPORT else arguments.limit
                try:
                    run = subprocess.run(command, stdout=subprocess.PIPE, timeout=limit, check=True)
                    numbers = json.loads(run.stdout.splitlines()[-1])
                except subprocess.TimeoutExpired:
                    numbers = [np.nan] * 3
                if not table.has(name, n, width):
                    table.add([[name, n, width, *(f"{number:.4g}" for number in numbers)]])


def power(times):
    """Return the power of N by which the two largest pools' times differ; NaN of one."""
    known = times.dropna().sort_index()
    if len(known) < 2:
        return np.nan
    (n, m), (first, last) = known.index[-2:], known.iloc[-2:]
    return np.log(last / first) / np.log(m / n)


def kind(name):
    """Say how much of a large pool a strategy considers."""
    most = "all images, or a million"
    if name == IMPORT:
        return most
    strategy = strategies.load(SETTINGS.get(name, {"method": name}))
    clustering = strategy.clustering(labels=LABELS + BUDGET, first_budget=LABELS)
    considered = getattr(clustering or strategy, "candidates", None)
    if considered is None or number_considered(considered, 10**9) >= 10**6:
        return most
    return f"at most {number_considered(considered, 10**9):,}"


def draw(table, path):
    """Draw CPU time and memory against N, and print a row for each strategy."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    curves = {name: part.set_index("samples") for name, part in table.groupby("strategy")}
    groups = {}
    for name in curves:
        groups.setdefault(kind(name), []).append(name)
    size = {"figsize": (4.4 * len(groups), 8.5), "layout": "constrained"}
    figure, axes = plt.subplots(2, len(groups), sharex=True, sharey="row", squeeze=False, **size)
    rows = []
    for column, group in enumerate(sorted(groups)):
        time, memory = axes[:, column]
        for k, name in enumerate(groups[group]):
            curve = curves[name].sort_index()
            exponent = power(curve["cpu_seconds"])
            label = name if np.isnan(exponent) else f"{name}  $N^{{{exponent:.2f}}}$"
            style = {"color": f"C{k % 10}", "marker": "os"[k // 10], "markersize": 4}
            time.loglog(curve["cpu_seconds"], label=label, **style)
            memory.loglog(curve["memory_gb"], **style)
            rows.append({"strategy": name, "power": round(exponent, 2)})
            rows[-1] |= {f"s, N = {n:,}": s for n, s in curve["cpu_seconds"].round(1).items()}
            rows[-1] |= {f"GB, N = {n:,}": gb for n, gb in curve["memory_gb"].round(1).items()}
        time.set_title(f"considers {group}")
        memory.set_xlabel("images in the pool, N")
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 2}
        memory.legend(*time.get_legend_handles_labels(), fontsize=9, **below)
        for axis in (time, memory):
            axis.grid(which="major", alpha=0.3)
    axes[0, 0].set_ylabel("CPU seconds of a batch of 100")
    axes[1, 0].set_ylabel("peak memory in GB, with what is mapped")
    figure.savefig(path, dpi=120)
    print(pd.DataFrame(rows).to_markdown(index=False))


def main():
    """Run the benchmark, or draw its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--samples", type=int, nargs="+", default=[10**n for n in range(4, 8)])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--strategies", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--folder", type=Path, help="where the pools are written, twice")
    parser.add_argument("--limit", type=float, default=1800, help="seconds")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        run_one(*arguments.one)
    elif arguments.figure:
        table = pd.read_csv(arguments.table)
        draw(table[table["width"] == arguments.width], arguments.figure)
    else:
        measure(arguments)


if __name__ == "__main__":
    main()
