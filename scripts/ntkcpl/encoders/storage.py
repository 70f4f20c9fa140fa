"""`encoder.pt`: an encoder's weights and where they came from."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from ntkcpl.artifacts.files import FIX, ArtifactError
from ntkcpl.artifacts.provenance import Provenance, check_origin
from ntkcpl.artifacts.sealed import WHOLE, SealedFile, sealed
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import Encoder, build

KIND = "encoder"


def save_encoder(path: str | Path, encoder: Encoder, provenance: Provenance) -> str:
    """Write `encoder.pt` atomically and return its digest.

    It is a dict of plain values and tensors that `torch.load(path, weights_only=True)` reads: the
    attributes of `Provenance`, `encoder` (its settings as JSON), `state_dict` and `digest`. The
    digest covers settings, inputs, identity and tensors, not the clock or the versions: the same
    work gives the same digest again.
    """
    # Copied to the standard memory layout, so that the file does not depend on the training's.
    state = {
        name: value.detach().cpu().contiguous() for name, value in encoder.state_dict().items()
    }
    content: dict[str, Any] = provenance.attributes(KIND)
    content |= {"encoder": encoder.settings.canonical(), "state_dict": state}
    digest = _digest(content)
    with sealed(path, WHOLE) as file:
        torch.save(content | {"digest": digest}, file)
    return digest


def load_encoder(path: str | Path, expected: Provenance | None = None) -> tuple[Encoder, str]:
    """Read `encoder.pt`; return the encoder in evaluation mode, and the file's digest.

    Raises
    ------
    ArtifactError
        If the file is missing, truncated, damaged, of another kind or version, or if its weights
        do not fit the architecture that it names.
    """
    content = _read(path, expected)
    try:
        encoder = build(EncoderSettings.parse(content["encoder"]))
        encoder.load_state_dict(content["state_dict"])
        return encoder.eval(), content["digest"]
    except (KeyError, TypeError, RuntimeError, AttributeError, ValidationError) as error:
        raise ArtifactError(
            f"{path} holds no weights of the encoder that it names ({brief(error)}): {FIX}"
        ) from error


def read_attributes(path: str | Path) -> dict[str, Any]:
    """Return what `encoder.pt` says of itself: all but its weights. Raises as `load_encoder`."""
    return {name: value for name, value in _read(path).items() if name != "state_dict"}


def _read(path: str | Path, expected: Provenance | None = None) -> dict[str, Any]:
    """Return what is in the file, once all of it fits its checksums."""
    with SealedFile(path) as file:
        file.verify()
        file.seek(0)
        try:
            content = torch.load(io.BufferedReader(file), map_location="cpu", weights_only=True)
        except Exception as error:  # torch.load raises whatever its readers do
            raise ArtifactError(f"{path} is no encoder.pt ({brief(error)}): {FIX}") from error
    content = content if isinstance(content, dict) else {}
    check_origin(path, KIND, content, expected)
    return content


def brief(error: Exception) -> str:
    """Return the kind of an error and the first words of its message, which may be long."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:80]}"


def _digest(content: dict[str, Any]) -> str:
    sha = hashlib.sha256()
    for name in ("format", "format_version", "settings", "inputs", "identity", "encoder"):
        sha.update(json.dumps([name, content[name]]).encode())
    for name, value in sorted(content["state_dict"].items()):
        sha.update(json.dumps([name, str(value.dtype), list(value.shape)]).encode())
        sha.update(value.numpy().tobytes())
    return sha.hexdigest()
