"""Where the heavy arrays live, and how many threads compute."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

# One of these exists where there is a driver: NVIDIA's on Linux, or Windows' for its Linux.
_DRIVERS = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")


def default_device() -> str:
    """Return "cuda" where torch is installed and sees a GPU, else "cpu".

    Torch is imported only where there is a driver: that takes 2 s, and a run has hundreds of jobs
    of which many do without it. An empty CUDA_VISIBLE_DEVICES hides every GPU.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") == ""
    if hidden or not any(Path(driver).exists() for driver in _DRIVERS) or not find_spec("torch"):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def keep_freed_memory() -> None:
    """Let glibc keep the memory that this process frees, for its next large array.

    Otherwise each large tensor of a pass through a network is fresh memory of the kernel, which
    zeroes it page by page: a quarter of the CPU time of embedding images. Without glibc nothing
    happens.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option in (trim_threshold, mmap_threshold):
            mallopt(option, 2**31 - 1)


@contextmanager
def fixed_threads(number: int) -> Iterator[None]:
    """Compute with `number` torch threads in the block, then with as many as before.

    The split of a sum decides how it rounds.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
