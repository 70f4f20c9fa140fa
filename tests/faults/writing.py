"""Faults while files are written: kills, full disks, and two that write at once."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from faults.artifacts import Artifact, name_of
from faults.outcomes import LISTS, REFUSALS, Outcome, Verdict, fingerprint, judge_refusal
from faults.rewriting import WRITERS, Write

BLOCK = 4096  # bytes of tmpfs at least
CLONE_NEWNS = 0x00020000  # of sched.h: mounts that end with the process


@dataclass(frozen=True)
class Writing:
    """An artifact that is written anew, over a good one or where none is.

    Attributes
    ----------
    artifact
        The artifact.
    write
        Writes it as it was.
    good
        The fingerprint of its value.
    files
        Names in its folder once it is written.
    """

    artifact: Artifact
    write: Write
    good: str
    files: set[str]

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.artifact.path)

    def value(self) -> str:
        """Return the fingerprint of what is there, or why nothing is."""
        try:
            return fingerprint(self.artifact.read(self.artifact.path))
        except REFUSALS as error:
            return f"refused: {error}"

    def after(self, there: bool) -> Verdict | None:
        """Say what a writing that did not end has done wrong: the good file stays, or none."""
        if not there and not self.path.exists():
            return None
        return None if self.value() == self.good else Verdict(Outcome.LOST, self.value())

    def again(self) -> Verdict:
        """Write once more: only the good file must be there."""
        try:
            self.write()
        except (*REFUSALS, *LISTS) as error:
            return Verdict(Outcome.RAW, f"the next writing fails: {error}")
        if (value := self.value()) != self.good:
            return Verdict(Outcome.SILENT, f"the next writing makes another file: {value}")
        if left := names_beside(self.path) - self.files:
            return Verdict(Outcome.RAW, f"left behind: {left}")
        return Verdict(Outcome.HARMLESS)


def names_beside(path: Path) -> set[str]:
    """Return the names in a file's folder."""
    return {other.name for other in path.parent.iterdir()}


def prepared(artifact: Artifact, good: str, rng: np.random.Generator) -> tuple[Writing, bool]:
    """Return what writes an artifact, and whether a good one is there: in half of all cases."""
    path = Path(artifact.path)
    write = WRITERS[name_of(artifact.path)](artifact.path)
    write()  # so that it has no links to the run's
    return Writing(artifact, write, good, names_beside(path)), bool(rng.random() < 0.5)


def killed(artifact: Artifact, good: str, seed: int) -> Verdict:
    """SIGKILL before a line of Python, any of those that run while the file is written."""
    rng = np.random.default_rng(seed)
    writing, there = prepared(artifact, good, rng)
    lines = Lines()
    with lines.counted():
        writing.write()

    def write() -> None:
        with Lines(kill_at=int(rng.integers(1, lines.number + 1))).counted():
            writing.write()

    return _interrupted(writing, there, write, None)


def killed_by_clock(artifact: Artifact, good: str, seed: int) -> Verdict:
    """SIGKILL at any time while the file is written, within a library too."""
    rng = np.random.default_rng(seed)
    writing, there = prepared(artifact, good, rng)
    start = time.perf_counter()
    writing.write()
    seconds = time.perf_counter() - start
    return _interrupted(writing, there, writing.write, rng.uniform(0, 1.2 * seconds))


class Lines:
    """Counts lines of Python as they run, and may kill the process before one."""

    def __init__(self, kill_at: int = 0) -> None:
        self.number = 0
        self._kill_at = kill_at

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count in the block."""
        sys.settrace(self._step)
        try:
            yield
        finally:
            sys.settrace(None)

    def _step(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self.number += 1
            if self.number == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._step


def _interrupted(writing: Writing, there: bool, write: Write, seconds: float | None) -> Verdict:
    if not there:
        writing.path.unlink()
    process = os.fork()
    if not process:
        write()
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return writing.after(there) or writing.again()


def two_at_once(artifact: Artifact, good: str, seed: int) -> Verdict:
    """Let two processes write the file at the same time, as twins of one job would."""
    rng = np.random.default_rng(seed)
    writing, there = prepared(artifact, good, rng)
    if not there:
        writing.path.unlink()
    processes = []
    for delay in rng.uniform(0, 0.01, size=2):
        if not (process := os.fork()):
            time.sleep(delay)
            writing.write()
            os._exit(0)
        processes.append(process)
    if any(os.waitpid(process, 0)[1] for process in processes):
        return Verdict(Outcome.RAW, "one of two that write at once fails")
    if writing.value() != good:
        return Verdict(Outcome.SILENT, "two that write at once make another file")
    return writing.again()


def size_limit(artifact: Artifact, good: str, seed: int) -> Verdict:
    """Let no file grow beyond a size, as some quotas do."""
    rng = np.random.default_rng(seed)
    writing, there = prepared(artifact, good, rng)
    most = int(rng.integers(0, writing.path.stat().st_size))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    @contextmanager
    def limit() -> Iterator[None]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    return _without_room(writing, there, limit)


def full_disk(artifact: Artifact, good: str, seed: int) -> Verdict:
    """Write onto a file system, in memory, that has not enough room."""
    rng = np.random.default_rng(seed)
    writing, there = prepared(artifact, good, rng)
    content = writing.path.read_bytes()
    blocks = -(-len(content) // BLOCK)
    room = int(rng.integers(0, blocks + 1))
    beside = [p for p in writing.path.parent.iterdir() if p.is_file()]
    small = {p: p.read_bytes() for p in beside if p.stat().st_size <= BLOCK and p != writing.path}
    mount_small(writing.path.parent, 2 * blocks + len(small))
    for path, held in {**small, writing.path: content}.items():
        path.write_bytes(held)
    filler = writing.path.with_name("filler")

    @contextmanager
    def limit() -> Iterator[None]:
        filler.write_bytes(bytes((blocks * (2 - there) - room) * BLOCK))
        yield
        filler.unlink()

    return _without_room(writing, there, limit)


def mount_small(folder: Path, blocks: int) -> None:
    """Put a file system of a few blocks into the place of a folder, for this process alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no mount namespace of one's own is allowed")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={blocks * BLOCK}", "tmpfs", str(folder)], check=True
    )


def can_mount(_: int) -> Verdict:
    """Whether a small file system can be mounted here."""
    try:
        mount_small(Path("results"), 1)
    except (OSError, subprocess.CalledProcessError) as error:
        return Verdict(Outcome.REFUSED, str(error))
    return Verdict(Outcome.HARMLESS)


def _without_room(
    writing: Writing, there: bool, limit: Callable[[], AbstractContextManager[None]]
) -> Verdict:
    """Write under a limit, then without."""
    if not there:
        writing.path.unlink()
    refusal = None
    with limit():
        try:
            writing.write()
        except (*REFUSALS, *LISTS) as error:
            refusal = judge_refusal(error, (writing.path.stem,))
            if left := names_beside(writing.path) - writing.files - {"filler"}:
                refusal = Verdict(Outcome.RAW, f"left behind: {left}")
    if refusal and refusal.outcome is Outcome.RAW:
        return refusal
    bad = writing.after(there) if refusal else None
    after = bad or writing.again()
    return refusal if refusal and after.outcome is Outcome.HARMLESS else after


KINDS = {
    change.__name__: change
    for change in (killed, killed_by_clock, two_at_once, size_limit, full_disk)
}
