"""Atomic writing, and where a file came from.

A stage's file appears under its own name only when it is complete: it is written under a
temporary name and renamed. On reading, a file that is truncated, foreign, of another version or
made from other inputs than the ones at hand raises `ArtifactError`, whose message is one sentence
naming the file and the fix. `docs/artifacts.md` describes the layouts for people.
"""

import hashlib
import platform
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ntkcpl import __version__
from ntkcpl.settings import canonical_json

FORMAT_VERSION = 1
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "torchvision", "lightly", "numba", "h5py")
FIX = "delete it and run again"


class ArtifactError(Exception):
    """A file cannot be used; the message is one sentence naming the file and the fix."""


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path next to `path` that becomes `path` if the block succeeds.

    The temporary name is fixed, so what a killed job leaves behind is overwritten by the next.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        yield temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@cache
def content_digest(path: str | Path) -> str:
    """Return the SHA-256 of the bytes of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_revision() -> str:
    """Return the git revision of the checkout, "-dirty" if it has changes, or the version."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return __version__
    return done.stdout.strip() if done.returncode == 0 else __version__


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of those libraries that decide results and are there."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


@dataclass(frozen=True)
class Provenance:
    """Where a file came from.

    Attributes
    ----------
    settings
        The stage's settings as canonical JSON.
    inputs
        Name of each input -> its digest.
    identity
        (experiment, strategy, seed, round), as far as the stage has them.
    code
        Digest of the code that decides the stage's result; empty where nobody keeps one.
    """

    settings: str
    inputs: Mapping[str, str]
    identity: tuple[str | int, ...]
    code: str = ""

    def attributes(self, kind: str) -> dict[str, str | int]:
        """Return the attributes that every file of `kind` carries."""
        return {
            "format": f"ntkcpl/{kind}",
            "format_version": FORMAT_VERSION,
            "revision": code_revision(),
            "code": self.code,
            "settings": self.settings,
            "inputs": canonical_json(dict(self.inputs)),
            "identity": canonical_json(self.identity),
            "versions": canonical_json(library_versions()),
        }
