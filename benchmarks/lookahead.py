"""Time one step of the look-ahead against its floor and against the obvious way.

    .venv/bin/python benchmarks/lookahead.py [--samples 10000] [--classes 10 100 500]

A step tells, for every sample, how many predictions would be wrong if it were labelled, chooses
one, and updates the residual kernel. The floor is that update alone, by torch (`addr_`); the
obvious way forms all outputs after adding each candidate, in chunks, by torch, and is timed on a
part of the candidates. The last lines are `name value`, a line each; times are in seconds, and
ratios are of medians within this run.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.kernel import empirical_ntk
from ntkcpl.kmeans import constrained_kmeans
from ntkcpl.lookahead import LookAhead
from ntkcpl.scaling import scale_embedding


def median_seconds(work, repeats):
    """Return the median time of `repeats` calls, after one that is not counted."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


def naive_counts(residual, ridge, predictions, labels, candidates, chunk=8):
    """Count wrong predictions by forming all outputs after each candidate, in chunks."""
    counts = []
    targets = torch.eye(predictions.shape[1])[labels]
    for part in candidates.split(chunk):
        step = residual[part] / (residual[part, part] + ridge)[:, None]
        after = predictions + step[:, :, None] * (targets[part] - predictions[part])[:, None, :]
        counts.append((after.argmax(dim=2) != labels).sum(dim=1))
    return torch.cat(counts)


def clustered(n, rng, width=128):
    """Embeddings of n samples around 200 centres, scaled."""
    centres = rng.normal(size=(200, width))
    x = centres[rng.integers(200, size=n)] + rng.normal(size=(n, width))
    return scale_embedding(x, "l2_centred")


def main():
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--classes", type=int, nargs="+", default=[10, 100, 500])
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    n, rng, lines = arguments.samples, np.random.default_rng(0), {}

    x = clustered(n, rng)
    kernel = empirical_ntk(x, 512, rng)
    copy, zero = torch.from_numpy(kernel.copy()), torch.zeros(n)
    for classes in arguments.classes:
        labels = constrained_kmeans(x, classes, rng, starts=1, iterations=20)
        labelled = rng.choice(n, max(classes, 20), replace=False)
        lookahead = LookAhead(kernel.copy(), labels, classes, labelled)
        step = median_seconds(lambda: lookahead.select(1), arguments.repeats)  # noqa: B023
        update = median_seconds(lambda: copy.addr_(zero, zero), arguments.repeats)
        part = torch.arange(0, n, max(1, n // 32))
        outputs = torch.from_numpy(lookahead.predictions).float()
        naive = median_seconds(
            lambda: naive_counts(copy, 1.0, outputs, torch.from_numpy(labels), part),  # noqa: B023
            1,
        ) * (n / len(part))
        lines |= {
            f"step_seconds_c{classes}": step,
            f"step_over_addr_c{classes}": step / update,
            f"naive_over_step_c{classes}": naive / step,
        }
    for name, value in lines.items():
        print(f"{name} {value:.4g}")


if __name__ == "__main__":
    main()
