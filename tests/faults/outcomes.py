"""What a fault may end in, and how that is told."""

import dataclasses
import hashlib
import traceback
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from snakemake.exceptions import WorkflowError

from ntkcpl.config import ConfigError
from ntkcpl.labels.answers import LabelsError
from ntkcpl.refusal import LONGEST, Refusal


class Outcome(StrEnum):
    """What became of a fault; the first three are good."""

    REFUSED = "refused"  # in sentences of at most `LONGEST` characters that name the file or key
    HARMLESS = "harmless"  # what was read or left is bit by bit what it was before the fault
    TAKEN = "taken"  # another value was read from a file that people bring: their word
    SILENT = "silent"  # another value was read
    RAW = "raw"  # an exception that says neither file nor fix, a traceback, a crash
    HANG = "hang"
    LOST = "lost"  # a good file is no longer there


GOOD = (Outcome.REFUSED, Outcome.HARMLESS, Outcome.TAKEN)


class Verdict(NamedTuple):
    """An outcome, and what was said or read."""

    outcome: Outcome
    detail: str = ""


# What the library raises; `scripts/_job.py` says it on the terminal.
REFUSALS = (Refusal,)
# These have a sentence for each fault.
LISTS = (ConfigError, LabelsError, WorkflowError)


def judge(read: Callable[[], Any], good: str, named: tuple[str, ...], ours: bool) -> Verdict:
    """Read, and say what came of it.

    Parameters
    ----------
    read
        Returns a value.
    good
        The fingerprint of the value before the fault.
    named
        A refusal must name one of these.
    ours
        Whether a stage made what is read, so that another value is a wrong one.
    """
    try:
        found = fingerprint(read())
    except (*REFUSALS, *LISTS) as error:
        return judge_refusal(error, named)
    except BaseException:
        return Verdict(Outcome.RAW, traceback.format_exc(limit=-3))
    if found == good:
        return Verdict(Outcome.HARMLESS)
    return Verdict(Outcome.SILENT if ours else Outcome.TAKEN)


def judge_refusal(error: Exception, named: tuple[str, ...]) -> Verdict:
    """Say whether an error is sentences that name what is wrong."""
    sentences = str(error).splitlines() or [""]
    problem = ""
    if len(sentences) > (11 if isinstance(error, LISTS) else 1):
        problem = f"{len(sentences)} lines"
    elif (long := max(map(len, sentences))) > LONGEST:
        problem = f"{long} characters"
    elif not any(name in str(error) for name in named):
        problem = f"none of {named} is named"
    said = f"{type(error).__name__}: {error}"
    return Verdict(Outcome.RAW, f"{problem}: {said}") if problem else Verdict(Outcome.REFUSED, said)


def fingerprint(value: Any) -> str:
    """Return a digest of a value, bit by bit: equal values, and only those, have the same."""
    sha = hashlib.sha256()
    _update(sha, value)
    return sha.hexdigest()


def _update(sha: Any, value: Any) -> None:
    sha.update(f"{type(value).__name__}(".encode())
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray) and value.dtype != object:
        sha.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, pd.DataFrame):
        _update(sha, {name: (str(c.dtype), c.tolist()) for name, c in value.items()})
    elif dataclasses.is_dataclass(value):
        _update(sha, {f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _update(sha, key)
            _update(sha, item)
    elif isinstance(value, list | tuple | set | frozenset | np.ndarray):
        for item in sorted(value) if isinstance(value, set | frozenset) else value:
            _update(sha, item)
    elif getattr(value, "shape", ()):  # rows that are read as they are asked for
        _update(sha, value[np.arange(value.shape[0])])
    else:
        sha.update(repr(value).encode("utf-8", "surrogateescape"))
    sha.update(b")")
