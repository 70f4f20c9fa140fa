"""Checkpoints of a pretraining, from which it goes on after a kill."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ntkcpl.artifacts import atomic

log = logging.getLogger(__name__)


def save_checkpoint(path: Path, identity: str, state: Mapping[str, Any]) -> None:
    """Write `state`, nested dicts and lists of plain values and tensors, to `path` atomically.

    Parameters
    ----------
    path
        The file.
    identity
        Names the pretraining by all that decides it. Only the same one goes on from here.
    state
        All that the pretraining carries from one epoch to the next.
    """
    with atomic(path) as temporary:
        torch.save({"identity": identity, "state": state}, temporary)


def load_checkpoint(path: Path, identity: str) -> dict[str, Any] | None:
    """Return what `save_checkpoint` stored under `identity`, or None.

    A checkpoint that is damaged or of another pretraining is worth a line in the log but no
    failure: the pretraining starts anew and overwrites it.
    """
    if not path.exists():
        return None
    try:
        content = torch.load(path, weights_only=True)
    except Exception as error:  # torch.load raises whatever its readers do
        log.warning("%s is damaged (%s): pretraining starts anew", path, type(error).__name__)
        return None
    if not isinstance(content, dict) or content.get("identity") != identity:
        log.warning("%s is of another pretraining: pretraining starts anew", path)
        return None
    state: dict[str, Any] = content["state"]
    return state


def remove_checkpoint(path: Path) -> None:
    """Delete a checkpoint, once the encoder that came of it is in place."""
    path.unlink(missing_ok=True)
