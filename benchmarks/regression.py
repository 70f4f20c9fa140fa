"""Time one step of the look-ahead against its floor and against the obvious way.

    .venv/bin/python benchmarks/regression.py [--samples 10000] [--classes 10 100 500]
                                             [--pool 50000] [--device cpu]

A step tells, for every sample, how many predictions would be wrong if it were labelled (the risk),
chooses one, and updates the residual kernel. With the squared error as the criterion a step keeps
that error for every sample. A step by the weighted variance is timed too.
The floor is that update alone, by torch (`addr_`); the obvious way forms all outputs after adding
each candidate, in chunks, by torch, and is timed on four chunks. All run on the device given: "cpu"
takes the engine by numba, "cuda" the one by torch. Then come two whole selections: a round like
those on CIFAR-100 (500 choices, 500 classes), and 20 choices with a pool of 50,000 images all of
which are candidates (16 GB of memory).

The last lines are `name value`, a line each; times are in seconds, and ratios are of medians
within this run.
"""

import argparse
import resource
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from timing import rounds, seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.geometry.kmeans import constrained_kmeans
from ntkcpl.geometry.scaling import scale_embedding
from ntkcpl.regression.incremental import IncrementalRegression
from ntkcpl.regression.kernel import infinite_ntk
from ntkcpl.regression.variance import WeightedVariance

# Outputs that the obvious way forms at once.
CHUNK = 2**24
RIDGE = 0.1  # NTKCPL's default


def median_seconds(works, repeats, device):
    """Return the median time of each work, until the device is done with it."""

    def finished(work):
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return np.median(rounds([partial(finished, work) for work in works], repeats), axis=1)


def naive_counts(residual, lambda_, predictions, labels, candidates, chunk):
    """Count wrong predictions by forming all outputs after each candidate, in chunks."""
    counts = []
    targets = torch.eye(predictions.shape[1], device=labels.device)[labels]
    for part in candidates.split(chunk):
        step = residual[part] / (residual[part, part] + lambda_)[:, None]
        after = predictions + step[:, :, None] * (targets[part] - predictions[part])[:, None, :]
        counts.append((after.argmax(dim=2) != labels).sum(dim=1))
    return torch.cat(counts)


def clustered(n, rng, width=128):
    """Embeddings of n samples around 200 centres, scaled."""
    centres = rng.normal(size=(200, width))
    x = centres[rng.integers(200, size=n)] + rng.normal(size=(n, width))
    return scale_embedding(x, "l2_centred")


def problem(n, classes, rng):
    """Return a kernel of n samples, and k-means clusters as their pseudo-labels."""
    x = clustered(n, rng)
    return infinite_ntk(x), constrained_kmeans(x, classes, rng, starts=1, iterations=20)


def time_steps(n, classes, rng, device, repeats):
    """Return the lines on one step."""
    kernel, labels = problem(n, classes, rng)
    copy, zero = torch.tensor(kernel, device=device), torch.zeros(n, device=device)
    labelled = rng.choice(n, max(classes, 20), replace=False)
    regression = IncrementalRegression(kernel, labels, classes, labelled, RIDGE, str(device))
    outputs = torch.tensor(regression.predictions, dtype=torch.float32, device=device)
    targets = torch.tensor(labels, device=device)
    chunk = max(1, CHUNK // (n * classes))
    part = torch.linspace(0, n - 1, min(n, 4 * chunk), device=device).long()

    def update():
        copy.addr_(zero, zero)

    step, risk_update = median_seconds(
        [lambda: regression.select(1, "risk"), update], repeats, device
    )
    error_step, error_update = median_seconds(
        [lambda: regression.select(1, "squared_error"), update], repeats, device
    )
    (naive,) = median_seconds(
        [lambda: naive_counts(copy, 1.0, outputs, targets, part, chunk)], 1, device
    )
    return {
        f"step_seconds_c{classes}": step,
        f"step_over_addr_c{classes}": step / risk_update,
        f"naive_over_step_c{classes}": naive * n / len(part) / step,
        f"error_step_seconds_c{classes}": error_step,
        f"error_step_over_addr_c{classes}": error_step / error_update,
    }


def time_variance_step(n, rng, device, repeats):
    """Return the lines on one step by the weighted variance."""
    kernel = infinite_ntk(clustered(n, rng))
    copy, zero = torch.tensor(kernel, device=device), torch.zeros(n, device=device)
    noise, labelled = np.full(n, 0.01), rng.choice(n, 100, False)
    variance = WeightedVariance(kernel, rng.random(n), noise, labelled, str(device))
    step, update = median_seconds(
        [lambda: variance.select(1), lambda: copy.addr_(zero, zero)], repeats, device
    )
    return {"variance_step_seconds": step, "variance_step_over_addr": step / update}


def time_selection(n, classes, budget, rng, device):
    """Return the lines on a whole selection, once the kernel is there, by both criteria."""

    def selection(criterion):
        kernel, labels = problem(n, classes, rng)  # freed before the next one is made
        data = (kernel, labels, classes, [], RIDGE, str(device))
        return seconds(lambda: IncrementalRegression(*data).select(budget, criterion))

    return {
        f"{criterion}_seconds_n{n}_c{classes}_b{budget}": selection(criterion)
        for criterion in ("risk", "squared_error")
    }


def main():
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--classes", type=int, nargs="+", default=[10, 100, 500])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--pool", type=int, default=50_000)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    n, rng, lines = arguments.samples, np.random.default_rng(0), {}
    device = torch.device(arguments.device)

    for classes in arguments.classes:
        lines |= time_steps(n, classes, rng, device, arguments.repeats)
    lines |= time_variance_step(n, rng, device, arguments.repeats)
    lines |= time_selection(n, 500, 500, rng, device)
    lines |= time_selection(arguments.pool, 100, 20, rng, device)
    lines["peak_memory_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    for name, value in lines.items():
        print(f"{name} {value:.4g}")


if __name__ == "__main__":
    main()
