"""How time and memory of a batch of 100 grow with the pool, for every strategy.

    .venv/bin/python benchmarks/scale.py table.csv [--samples 10000 100000 1000000] [--width 512]
                                         [--strategies margin uherding] [--folder /tmp]
                                         [--limit 900]
    .venv/bin/python benchmarks/scale.py table.csv --figure scale.png

A pool of random embeddings, a mixture of normal distributions, is written as float16 and mapped
into memory; 100 of its images are labelled, in ten classes, and a random head of 512 hidden units
stands for the classifier. Each strategy is asked for 100 more, clustering included, in a process of
its own, with its default parameters. Rows are added to the table as they come, and those that are
there are not run again: strategy, samples, width, wall seconds, CPU seconds of all threads, and the
peak of resident memory in GB, in which the part of the file counts that was mapped. The figure has
a curve for each strategy and fits a power of N to the CPU seconds of the two largest pools.
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
from ntkcpl.head import Head
from ntkcpl.strategies import Pool

COLUMNS = ["strategy", "samples", "width", "seconds", "cpu_seconds", "memory_gb"]
CLASSES, LABELS, BUDGET, UNITS = 10, 100, 100, 512
BLOCK = 2**16
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
}
NAMES = sorted({*strategies.methods(), *SETTINGS} - {"coreset", "ntkcpl"})


def write_pool(path, n, width):
    """Write n embeddings, float16 (n, width), block by block."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((100, width), dtype=np.float32)
    pool = np.lib.format.open_memmap(path, "w+", dtype=np.float16, shape=(n, width))
    for start in range(0, n, BLOCK):
        rows = min(BLOCK, n - start)
        block = rng.standard_normal((rows, width), dtype=np.float32)
        block += centres[rng.integers(100, size=rows)]
        pool[start : start + rows] = block
    pool.flush()


def ask(name, path):
    """Ask one strategy, and print wall seconds, CPU seconds and the peak of memory in GB."""
    embedding = np.load(path, mmap_mode="r")
    n, width = embedding.shape
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
    started, running = time.perf_counter(), time.process_time()
    pool = Pool(embedding, labelled, np.arange(LABELS) % CLASSES, head)
    if clustering is not None:
        pool = replace(pool, clusters=clustering.cluster(pool, rng, n_classes=CLASSES))
    chosen = strategy.query(pool, BUDGET, rng).index
    taken = [time.perf_counter() - started, time.process_time() - running]
    assert len(set(chosen)) == BUDGET
    print(json.dumps([*taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))


def measure(arguments):
    """Add what is not there yet to the table."""
    table = ResultsTable(arguments.table, COLUMNS, keys=3)
    for n in arguments.samples:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            path = Path(folder) / "pool.npy"
            write_pool(path, n, arguments.width)
            for name in arguments.strategies:
                if table.has(name, n, arguments.width):
                    continue
                command = [sys.executable, __file__, "-", "--one", name, str(path)]
                try:
                    run = subprocess.run(
                        command, stdout=subprocess.PIPE, timeout=arguments.limit, check=True
                    )
                    numbers = json.loads(run.stdout.splitlines()[-1])
                except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
                    numbers = [np.nan] * 3
                numbers = [f"{number:.4g}" for number in numbers]
                table.add([[name, n, arguments.width, *numbers]])


def power(times):
    """Return the power of N by which the two largest pools' times differ; NaN of one."""
    known = times.dropna().sort_index()
    if len(known) < 2:
        return np.nan
    (n, m), (first, last) = known.index[-2:], known.iloc[-2:]
    return np.log(last / first) / np.log(m / n)


def draw(table, path):
    """Draw CPU time and memory against N, and print a row for each strategy."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(12, 6), layout="constrained")
    rows = []
    colours = plt.get_cmap("tab20").colors
    for k, (name, part) in enumerate(table.groupby("strategy")):
        part = part.set_index("samples").sort_index()
        exponent = power(part["cpu_seconds"])
        style = {"color": colours[k % 20], "marker": "osD^"[k // 20], "markersize": 4}
        label = name if np.isnan(exponent) else f"{name}  $N^{{{exponent:.2f}}}$"
        axes[0].loglog(part.index, part["cpu_seconds"], label=label, **style)
        axes[1].loglog(part.index, part["memory_gb"], **style)
        seconds = {f"s, N = {n:,}": round(part["cpu_seconds"][n], 1) for n in part.index}
        memory = {f"GB, N = {n:,}": round(part["memory_gb"][n], 1) for n in part.index}
        rows.append({"strategy": name, "power": round(exponent, 2)} | seconds | memory)
    axes[0].set(xlabel="images in the pool, N", ylabel="CPU seconds of a batch of 100")
    axes[1].set(xlabel="images in the pool, N", ylabel="peak memory in GB")
    for axis in axes:
        axis.grid(which="major", alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", fontsize=8)
    figure.savefig(path, dpi=120)
    print(pd.DataFrame(rows).fillna("").to_markdown(index=False))


def main():
    """Run the benchmark, or draw its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--strategies", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--folder", type=Path, help="where the pools are written")
    parser.add_argument("--limit", type=float, default=900, help="seconds")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        ask(*arguments.one)
    elif arguments.figure:
        draw(pd.read_csv(arguments.table), arguments.figure)
    else:
        measure(arguments)


if __name__ == "__main__":
    main()
