"""Parts of a long computation's result, each in a file of its own, which outlive a kill."""

import hashlib
import io
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts.files import ArtifactError, write_text
from ntkcpl.artifacts.sealed import WHOLE, SealedFile, sealed

log = logging.getLogger(__name__)


class Parts:
    """Arrays by name in a folder beside the result, there until `remove`.

    Parameters
    ----------
    path
        The result; the folder has its name and the suffix `.parts`.
    identity
        Names the computation by all that decides it. Parts of another one are deleted.
    """

    def __init__(self, path: str | Path, identity: str) -> None:
        self._folder = Path(path).with_suffix(".parts")
        self._identity = hashlib.sha256(identity.encode()).hexdigest()
        mark = self._folder / "identity"
        if self._folder.exists() and (
            not mark.is_file() or mark.read_bytes() != self._identity.encode()
        ):
            log.warning("%s is of another computation: it starts anew", self._folder)
            self.remove()

    def load(self, name: str) -> NDArray[Any] | None:
        """Return a part, or None if it is missing or damaged."""
        path = self._folder / f"{name}.npy"
        if not path.exists():
            return None
        try:
            with SealedFile(path) as file:
                part: NDArray[Any] = np.load(io.BytesIO(file.read()), allow_pickle=False)
        except (ArtifactError, ValueError, EOFError) as error:
            log.warning("%s: it is made again", error)
            return None
        return part

    def save(self, name: str, part: NDArray[Any]) -> None:
        """Write a part atomically."""
        if not self._folder.exists():
            self._folder.mkdir(parents=True)
            write_text(self._folder / "identity", self._identity)
        content = io.BytesIO()
        np.save(content, part, allow_pickle=False)
        with sealed(self._folder / f"{name}.npy", WHOLE) as file:
            file.write(content.getbuffer())

    def remove(self) -> None:
        """Delete all parts."""
        shutil.rmtree(self._folder, ignore_errors=True)
