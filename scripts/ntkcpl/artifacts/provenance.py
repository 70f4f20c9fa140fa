"""Where a file came from, and whether it is the one that is asked for."""

import json
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ntkcpl import __version__
from ntkcpl.artifacts.files import FIX, ArtifactError
from ntkcpl.settings import canonical_json

FORMAT_VERSION = 2
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "torchvision", "lightly", "numba", "h5py")
# The folder of an experiment, of its holdout, of a run, of a round, as far as there are any.
PLACE = re.compile(
    r"(?:^|/)results/([^/]+)(?:/(holdout)|/([^/]+)/seed(\d+)(?:/round(\d+))?)?/[^/]+$"
)


@dataclass(frozen=True)
class Provenance:
    """Where a file came from, or, of a file that is asked for, what is known of that.

    Attributes
    ----------
    settings
        The stage's settings as canonical JSON.
    inputs
        Name of each input -> its digest; of several of a name, their digests in order.
    identity
        (experiment, strategy, seed, round), as far as the stage has them; (experiment, "holdout").
    code
        Digest of the code that decides the stage's result; empty where nobody keeps one.
    """

    settings: str = "{}"
    inputs: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    identity: tuple[str | int, ...] = ()
    code: str = ""

    def made_from(self, **inputs: str | Sequence[str]) -> "Provenance":
        """Return this with further inputs."""
        return replace(self, inputs={**self.inputs, **inputs})

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


def check_origin(
    path: str | Path, kind: str, found: Mapping[str, Any], expected: Provenance | None = None
) -> None:
    """Check that a file is the one that is asked for.

    That is, of the kind, of the round, run or experiment in whose folder it lies, and made by the
    settings and from the inputs that `expected` names.

    Parameters
    ----------
    path, kind
        The file, and what it should hold.
    found
        Its attributes, as `Provenance.attributes` names them.
    expected
        What is known of where it should come from.

    Raises
    ------
    ArtifactError
        If it is another one.
    """
    if found.get("format") != f"ntkcpl/{kind}":
        holds = found.get("format", "something else")
        raise ArtifactError(f"{path} should hold ntkcpl/{kind} but holds {holds}: {FIX}")
    if found.get("format_version") != FORMAT_VERSION:
        raise ArtifactError(
            f"{path} has format version {found.get('format_version')}, this code reads "
            f"{FORMAT_VERSION}: {FIX}"
        )
    try:
        recorded = {name: json.loads(found[name]) for name in ("settings", "inputs", "identity")}
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} does not say where it comes from: {FIX}") from error
    place, identity = place_of(path), tuple(recorded["identity"])
    shared = min(len(place), len(identity))
    if place[:shared] != identity[:shared]:
        raise ArtifactError(f"{path} is of {' '.join(map(str, identity))}: {FIX}")
    expected = expected or Provenance()
    for name, value in json.loads(expected.settings).items():
        if recorded["settings"].get(name) != value:
            raise ArtifactError(f"{path} was made by other settings of {name}: {FIX}")
    for name, digest in sorted(expected.inputs.items()):
        if recorded["inputs"].get(name) != digest:
            raise ArtifactError(f"{path} was made from another {name} than the one at hand: {FIX}")


def shortened(digests: Iterable[str]) -> list[str]:
    """Return the beginnings of digests, of which so many must fit a cell."""
    return [digest[:16] for digest in digests]


def place_of(path: str | Path) -> tuple[str | int, ...]:
    """Return (experiment, strategy, seed, round) of the folder of a file, as far as it tells.

    Of the folder of a holdout, whose name no strategy may have, return (experiment, "holdout").
    """
    match = PLACE.search(Path(path).as_posix())
    parts = [part for part in match.groups() if part is not None] if match else []
    return (*parts[:2], *map(int, parts[2:]))


@cache
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
