"""Checkpoints of a pretraining, from which it goes on after a kill.

Two are kept, the last and the one before, each a file that is verified before it is used.
"""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO
from typing_extensions import override

from ntkcpl.artifacts.sealed import WHOLE, SealedFile, sealed

log = logging.getLogger(__name__)

IDENTITY = "identity"  # the key under which Lightning's checkpoint names its pretraining


class SealedCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoints, written beside their place and renamed.

    Lightning goes over $TMPDIR. Where that is another file system it copies, does not rename, and
    a kill or a full disk costs the checkpoint that is there.
    """

    @override
    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        path = Path(path)
        with sealed(path, WHOLE, _former(path)) as file:
            torch.save(checkpoint, file)

    @override
    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Callable[..., Any] | None = None,
        weights_only: bool | None = True,
    ) -> dict[str, Any]:
        with SealedFile(path) as file:
            file.verify()
            file.seek(0)
            content: dict[str, Any] = torch.load(
                io.BufferedReader(file), map_location="cpu", weights_only=weights_only
            )
        return content


def find_checkpoint(path: Path, identity: str) -> Path | None:
    """Return the last checkpoint that is whole and of the pretraining called `identity`, if any.

    A checkpoint that is damaged or of another pretraining is worth a line in the log but no
    failure: the pretraining goes on from the one before, or starts anew and overwrites it.

    Parameters
    ----------
    path
        Where the last one is stored; the one before is beside it.
    identity
        All that decides the pretraining's result.
    """
    for candidate in (path, _former(path)):
        if not candidate.exists():
            continue
        try:
            content = SealedCheckpoints().load_checkpoint(candidate)
        except Exception as error:  # torch.load raises whatever its readers do
            log.warning("%s is damaged (%s): pretraining does not go on from it", candidate, error)
            continue
        if isinstance(content, dict) and content.get(IDENTITY) == identity:
            return candidate
        log.warning("%s is of another pretraining, which does not go on from it", candidate)
    return None


def remove_checkpoint(path: Path) -> None:
    """Delete the checkpoints, once the encoder that came of them is in place."""
    for file in (path, _former(path)):
        file.unlink(missing_ok=True)


def _former(path: Path) -> Path:
    return path.with_suffix(".former.pt")
