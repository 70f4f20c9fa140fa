"""Hold what a GPU computes against the CPU, and time both.

    python benchmarks/gpu_checks.py [--device cuda] [--candidates 10000 50000] [--budget 100]
                                    [--device-only]

Needs only what choosing images needs, and torch. First the comparisons of the tests, on random
problems: the kernels must agree, weighted variance and look-ahead must choose on the device what
they choose on the CPU, and no choice may be worse, by the criterion in float64, than rounding
explains. Then a batch is chosen from so many candidates on both, given 100 labels; making the
kernel is timed by itself. From 50,000 that takes 30 GB of memory, and some minutes of the CPU,
which `--device-only` spares.

The last lines are `name value`, a line each; times are in seconds.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from timing import seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.regression.incremental import IncrementalRegression
from ntkcpl.regression.kernel import infinite_ntk
from ntkcpl.regression.variance import WeightedVariance

SAMPLES, WIDTH, LABELS, CLASSES = 1000, 32, 100, 10
RIDGE = 0.01
ROUNDING = 2e-3  # of the largest gain: what float32 may lose over a batch that starts from nothing


def embeddings(n, seed):
    """Return embeddings around 40 centres."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(40, WIDTH))
    return (centres[rng.integers(40, size=n)] + rng.normal(size=(n, WIDTH))).astype(np.float32)


def variance_problem(n, seed, device="cpu"):
    """Return kernel, weights, noise and labelled samples."""
    rng = np.random.default_rng(seed)
    labelled = rng.permutation(n)[: LABELS if seed % 2 else 0]
    weight = rng.random(n)
    noise = RIDGE / weight if seed % 3 else np.full(n, RIDGE)
    return infinite_ntk(embeddings(n, seed), device=device), weight, noise, labelled


def gains_of(kernel, weight, noise, held):
    """Return what each label takes from the weighted variance, in float64 and from scratch."""
    k = kernel.astype(np.float64)
    residual = k - k[:, held] @ np.linalg.solve(
        k[np.ix_(held, held)] + np.diag(noise[held]), k[held]
    )
    return np.square(residual) @ weight / (np.diagonal(residual) + noise)


def check_variance(device, seed, budget):
    """Return the share of choices that differ, and the most that one on the device falls short."""
    kernel, weight, noise, labelled = variance_problem(SAMPLES, seed)
    on_cpu, on_device = (
        WeightedVariance(kernel.copy(), weight, noise, labelled, where).select(budget)
        for where in ("cpu", device)
    )
    short, held = 0.0, labelled.tolist()
    for rank, index in enumerate(on_device):
        if rank % 25 == 0 or index != on_cpu[rank]:
            gains = gains_of(kernel, weight, noise, held)
            gains[held] = 0
            short = max(short, 1 - gains[index] / gains.max())
        held.append(int(index))
    return (on_cpu != on_device).mean(), short


def check_lookahead(device, seed, budget):
    """Return the share of choices that differ, by the squared error and by the risk."""
    kernel, *_, labelled = variance_problem(SAMPLES, seed)
    labels = np.random.default_rng(seed).integers(CLASSES, size=SAMPLES)
    shares = []
    for criterion in ("squared_error", "risk"):
        chosen = [
            [
                choice.index
                for choice in IncrementalRegression(
                    kernel.copy(), labels, CLASSES, labelled, RIDGE, where
                ).select(budget, criterion)
            ]
            for where in ("cpu", device)
        ]
        shares.append(np.not_equal(*chosen).mean())
    return shares


def time_batch(places, n, budget):
    """Return the lines on a batch from n candidates in each of some places."""
    lines = {}
    for where in places:
        made = []
        lines[f"kernel_seconds_n{n}_{where}"] = seconds(
            lambda made=made, where=where: made.extend(variance_problem(n, 1, where))
        )
        lines[f"batch_seconds_n{n}_{where}"] = seconds(
            lambda made=made, where=where: WeightedVariance(*made, where).select(budget)
        )
    return lines


def main():
    """Run the checks and the clock."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--candidates", type=int, nargs="*", default=[10_000, 50_000])
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--problems", type=int, default=4)
    parser.add_argument("--device-only", action="store_true", help="do not time the CPU")
    arguments = parser.parse_args()
    device, budget = arguments.device, arguments.budget
    x = embeddings(SAMPLES, 0)
    kernel_differs = np.abs(infinite_ntk(x, device=device) - infinite_ntk(x)).max()
    lines = {"variance_differs": 0.0, "variance_short": 0.0}
    lines |= {"squared_error_differs": 0.0, "risk_differs": 0.0}
    for seed in range(arguments.problems):
        found = *check_variance(device, seed, budget), *check_lookahead(device, seed, budget)
        for name, value in zip(tuple(lines), found, strict=True):
            lines[name] = max(lines[name], float(value))
    time_batch(["cpu", device], SAMPLES, budget)  # a warm-up
    lines["kernel_differs"] = float(kernel_differs)
    for n in arguments.candidates:
        lines |= time_batch([device] if arguments.device_only else ["cpu", device], n, budget)
    for name, value in lines.items():
        print(f"{name} {value:.4g}")
    if lines["variance_short"] > ROUNDING or kernel_differs > ROUNDING:
        sys.exit(f"{device} is off by more than {ROUNDING}")


if __name__ == "__main__":
    main()
