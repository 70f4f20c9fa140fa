"""Time the kernels of the head against the matrix products that they contain.

    .venv/bin/python benchmarks/kernel.py [--samples 10000] [--width 512] [--units 512]

The products are those of all pairs, by NumPy, in one piece. The last lines are `name value`, a line
each; times are in seconds, and ratios are of medians within this run.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from timing import rounds

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from ntkcpl.regression.kernel import empirical_ntk, infinite_ntk


def main():
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=512, help="of the embedding")
    parser.add_argument("--units", type=int, default=512, help="hidden units of the head")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    n, h, rng = arguments.samples, arguments.units, np.random.default_rng(0)

    x = rng.normal(size=(n, arguments.width)).astype(np.float32)
    units = rng.normal(size=(n, 4 * h)).astype(np.float32)

    # Another array for the second factor: of a matrix with itself NumPy computes one half only.
    y, inner, outer, other = x.copy(), units[:, :h], units[:, h:], units.copy()
    works = {
        "infinite": lambda: infinite_ntk(x),
        "infinite_products": lambda: x @ y.T,
        "empirical": lambda: empirical_ntk(x, h, rng),
        "empirical_products": lambda: (
            x @ y.T,
            inner @ other[:, :h].T,
            outer @ other[:, h:].T,
        ),
    }
    times = rounds(works.values(), arguments.repeats)
    median = dict(zip(works, np.median(times, axis=1), strict=True))
    for kernel in ("infinite", "empirical"):
        print(f"{kernel}_seconds {median[kernel]:.4g}")
        print(f"{kernel}_over_products {median[kernel] / median[f'{kernel}_products']:.4g}")


if __name__ == "__main__":
    main()
