"""Checkpoints of a pretraining, from which it goes on after a kill."""

import logging
from pathlib import Path

import torch

log = logging.getLogger(__name__)

IDENTITY = "identity"  # the key under which Lightning's checkpoint names its pretraining


def is_of(path: Path, identity: str) -> bool:
    """Return whether `path` is a checkpoint of the pretraining called `identity`.

    A checkpoint that is damaged or of another pretraining is worth a line in the log but no
    failure: the pretraining starts anew and overwrites it.
    """
    if not path.exists():
        return False
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever its readers do
        log.warning("%s is damaged (%s): pretraining starts anew", path, type(error).__name__)
        return False
    if not isinstance(content, dict) or content.get(IDENTITY) != identity:
        log.warning("%s is of another pretraining: pretraining starts anew", path)
        return False
    return True


def remove_checkpoint(path: Path) -> None:
    """Delete a checkpoint, once the encoder that came of it is in place."""
    path.unlink(missing_ok=True)
