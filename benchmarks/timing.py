"""How the benchmarks measure time."""

import time

import numpy as np


def seconds(work):
    """Return the time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rounds(works, repeats):
    """Return the times (works, repeats) of calls that take turns, so that noise meets all alike.

    One call of each before is a warm-up, and is not counted.
    """
    times = [[seconds(work) for work in works] for _ in range(repeats + 1)]
    return np.transpose(times[1:])
