"""A fixed number of CPU threads, because the split of a sum decides how it rounds."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fixed_threads(number: int) -> Iterator[None]:
    """Compute with `number` torch threads in the block, then with as many as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
