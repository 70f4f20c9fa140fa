"""Atomic writing, and where a file came from."""

import hashlib
import platform
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ntkcpl import __version__
from ntkcpl.settings import canonical_json

FORMAT_VERSION = 1
FIX = "delete it and run snakemake again"


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
    """Return the versions of Python and of the libraries that decide results."""
    names = ["numpy", "scipy", "scikit-learn", "torch", "torchvision", "lightly", "numba", "h5py"]
    return {"python": platform.python_version()} | {name: version(name) for name in names}


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
    """

    settings: str
    inputs: Mapping[str, str]
    identity: tuple[str | int, ...]

    def attributes(self, kind: str) -> dict[str, str | int]:
        """Return the attributes that every file of `kind` carries."""
        return {
            "format": f"ntkcpl/{kind}",
            "format_version": FORMAT_VERSION,
            "code": code_revision(),
            "settings": self.settings,
            "inputs": canonical_json(dict(self.inputs)),
            "identity": canonical_json(self.identity),
            "versions": canonical_json(library_versions()),
        }
