"""Which faults there are, and trying them: each in a process of its own, in a copy of the run."""

import gc
import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

import numpy as np

from faults import artifacts, configs, images, reading, writing
from faults.outcomes import GOOD, Outcome, Verdict

PATIENCE = 20  # seconds that a fault may take
MEMORY = 6 * 2**30  # bytes that it may take


@dataclass(frozen=True)
class Case:
    """Something that may go wrong.

    Attributes
    ----------
    subject
        What it happens to.
    kind
        What happens.
    run
        Does it in the working directory, a copy of the tiny run; takes a seed.
    ways
        How many seeds differ; 0 for any number.
    share
        How many seeds are tried in each turn.
    """

    subject: str
    kind: str
    run: Callable[[int], Verdict]
    ways: int = 0
    share: int = 1


class Fault(NamedTuple):
    """One fault, which `make faults` repeats when it is given its name."""

    case: Case
    seed: int

    @property
    def name(self) -> str:
        """subject:kind:seed."""
        return f"{self.case.subject}:{self.case.kind}:{self.seed}"


def cases(run: Path) -> list[Case]:
    """Return all that may go wrong with a run."""
    unchanged = [
        Case(artifact.path, "nothing", partial(reading.read_unchanged, artifact))
        for artifact in artifacts.ARTIFACTS
    ]
    good = {}
    for fault, verdict in try_all(run, [Fault(case, 0) for case in unchanged]):
        assert verdict.outcome is Outcome.HARMLESS, f"{fault.case.subject}: {verdict.detail}"
        good[fault.case.subject] = verdict.detail
    (_, mountable) = next(try_all(run, [Fault(Case("disk", "small", writing.can_mount), 0)]))
    found = []
    for artifact in artifacts.ARTIFACTS:
        name, was = artifacts.name_of(artifact.path), good[artifact.path]
        for kind, ways in reading.kinds_of(artifact):
            found.append(Case(name, kind, partial(reading.read_changed, artifact, kind, was), ways))
        for kind, do in writing.KINDS.items() if artifact.path.startswith("results/") else ():
            if kind != "full_disk" or mountable.outcome is Outcome.HARMLESS:
                found.append(Case(name, kind, partial(do, artifact, was), share=2))
    found += [
        Case("make verify", kind, partial(reading.verify_changed, kind))
        for kind in reading.VERIFIED
    ]
    found += [
        Case("configuration", kind, partial(configs.load, kind), share=8) for kind in configs.KINDS
    ]
    found += [Case("image", kind, partial(images.load, kind), share=3) for kind in images.KINDS]
    return found


def plan(cases: Sequence[Case], number: int, seed: int) -> list[Fault]:
    """Draw faults, turn by turn: in each, every case of which there are new ways."""
    rng = np.random.default_rng(seed)
    faults: list[Fault] = []
    for turn in range(number):
        drawn = [
            Fault(case, n if case.ways else n + 1_000_000 * seed)
            for case in cases
            for n in range(turn * case.share, (turn + 1) * case.share)
            if n < (case.ways or number)
        ]
        faults += [drawn[k] for k in rng.permutation(len(drawn))]
        if len(faults) >= number:
            break
    return faults[:number]


def try_all(
    run: Path, faults: Iterable[Fault], workers: int = os.cpu_count() or 1
) -> Iterator[tuple[Fault, Verdict]]:
    """Try faults, some side by side; yield each with what came of it, in the order of their ends.

    Processes are forked: this one may have no threads, and everything imported.
    """
    gc.freeze()  # or the first collection of each process copies all memory that they share
    waiting = iter(faults)
    running: dict[Connection, Attempt] = {}
    while True:
        for fault in islice(waiting, workers - len(running)):
            attempt = Attempt(run, fault)
            running[attempt.answer] = attempt
        if not running:
            return
        first = min(attempt.deadline for attempt in running.values())
        ready = wait([*running], max(0, first - time.monotonic()))
        late = [a.answer for a in running.values() if a.deadline < time.monotonic()]
        for answer in {*ready, *late}:
            attempt = running.pop(answer)
            yield attempt.fault, attempt.end()


class Attempt:
    """A fault that is being tried."""

    def __init__(self, run: Path, fault: Fault) -> None:
        self.fault = fault
        self.deadline = time.monotonic() + PATIENCE
        self._folder = Path(tempfile.mkdtemp(dir=run.parent))
        self.answer, here = Pipe(duplex=False)
        self._process = os.fork()
        if not self._process:
            try:
                here.send(self._try(run))
            finally:
                os._exit(0)
        here.close()

    def _try(self, run: Path) -> Verdict:
        """Try it, in this process, in a copy of the run."""
        os.setsid()
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self._folder.chmod(0o755)
        shutil.copytree(run, self._folder / "run", copy_function=os.link)
        os.chdir(self._folder / "run")
        Path().chmod(0o777)  # for faults that befall somebody who is not root
        said = (self._folder / "said").open("w+")
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
        try:
            verdict = self.fault.case.run(self.fault.seed)
        except BaseException:
            return Verdict(Outcome.RAW, traceback.format_exc())
        said.seek(0)
        printed = said.read()
        if "Traceback" in printed and verdict.outcome in GOOD:
            return Verdict(Outcome.RAW, f"{verdict.detail}; and printed: {printed}")
        return verdict

    def end(self) -> Verdict:
        """Wait for the end, or bring it about; return what came of it."""
        try:
            verdict = self.answer.recv() if self.answer.poll() else Verdict(Outcome.HANG)
        except EOFError:
            verdict = None
        self.answer.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process, signal.SIGKILL)
        _, status = os.waitpid(self._process, 0)
        shutil.rmtree(self._folder)
        return verdict or Verdict(Outcome.RAW, f"the process died, {status=}")
