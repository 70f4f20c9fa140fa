"""Weights that others have trained, in the layouts that they are found in."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ntkcpl.encoders import EncoderSettings, packaged
from ntkcpl.encoders.encoder import Encoder, build
from ntkcpl.encoders.storage import brief
from ntkcpl.refusal import Refusal

log = logging.getLogger(__name__)

# Where the encoder's weights are in the state dict of a method that trained it, such as lightly's
# and solo-learn's `backbone.`, under Lightning or DataParallel or not; `layers.` is our own.
PREFIXES = [
    outer + inner
    for outer in ("", "module.", "model.")
    for inner in ("", "layers.", "backbone.", "encoder.", "online_encoder.")
]
# Layers after the embedding, of a network that was trained whole.
CLASSIFIERS = ("fc.", "linear.", "head.", "classifier.")
# Names of a ResNet's children by their number in nn.Sequential(*resnet.children()), which lightly's
# examples make of torchvision's ResNets and of lightly's own.
CHILDREN = {
    "torchvision": ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"],
    "lightly": ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"],
}


NAMED = 10  # weights of which an error names so many


class WeightsError(Refusal):
    """Weights cannot be used; the message is one sentence naming the file and the fix."""


def import_encoder(settings: EncoderSettings) -> Encoder:
    """Return the encoder that `settings` describes with the weights that it names.

    Raises
    ------
    WeightsError
        If the weights cannot be downloaded, read, or used (see `load_weights`).
    """
    assert settings.has_weights
    try:
        encoder = build(settings)  # with its weights, if timm has them
    except (OSError, RuntimeError) as error:
        words = " ".join(str(error).split())[:80]
        raise WeightsError(
            f"the weights of {settings.architecture} cannot be downloaded ({words}): download them "
            "elsewhere, and name the file as checkpoint"
        ) from error
    if settings.architecture == packaged.NAME:
        load_in_order(encoder, packaged.weights_file())
    elif settings.checkpoint_file:
        load_weights(encoder, settings.checkpoint_file)
    return encoder.eval()


def load_in_order(encoder: Encoder, path: Path) -> None:
    """Load weights of the same network under other names: they stand in the same order.

    Parameters
    ----------
    encoder
        Changed in place.
    path
        A state dict as of `torch.save` of all layers of the encoder, then of one linear classifier.

    Raises
    ------
    WeightsError
        If the file cannot be read, or if numbers or shapes of the weights differ.
    """
    expected = encoder.layers.state_dict()
    found = list(_state_dict(path).values())[:-2]  # but weight and bias of the classifier
    if [value.shape for value in found] != [value.shape for value in expected.values()]:
        raise WeightsError(
            f"{path} does not fit {encoder.settings.architecture}: install the version of "
            f"{packaged.PACKAGE} that envs/requirements.txt names"
        )
    encoder.layers.load_state_dict(dict(zip(expected, found, strict=True)))


def load_weights(encoder: Encoder, path: str | Path) -> None:
    """Load a checkpoint into `encoder.layers`, strictly.

    Parameters
    ----------
    encoder
        Changed in place.
    path
        A file of `torch.save` (read with `weights_only=True`) or of safetensors: our own
        `encoder.pt`; a state dict as of torchvision or timm; or a checkpoint of lightly or
        solo-learn, of whose other parts (heads, momentum encoder, optimiser) nothing is used.

    Raises
    ------
    WeightsError
        If the file cannot be read, or does not hold exactly the weights of this architecture, of
        finite real numbers; the first `NAMED` of each fault are named.
    """
    path = Path(path)
    expected = encoder.layers.state_dict()
    found = _encoder_part(_state_dict(path), expected)
    name = encoder.settings.architecture
    if not found.keys() & expected.keys():
        raise WeightsError(
            f"{path} holds no weights of {name}: it should have names like {next(iter(expected))}"
        )
    # Batch norms count their batches for training only; some libraries leave the count out.
    counters = {key for key in expected if key.endswith("num_batches_tracked")}
    faults = {
        "missing": sorted(expected.keys() - found.keys() - counters),
        "unexpected": sorted(found.keys() - expected.keys()),
        "of another shape": [
            f"{key} {tuple(found[key].shape)}, expected {tuple(expected[key].shape)}"
            for key in sorted(found.keys() & expected.keys())
            if found[key].shape != expected[key].shape
        ],
        # Complex or quantised, or whole numbers; a tensor that is sparse, or has no storage.
        "of other than plain real numbers": [
            key
            for key in sorted(found.keys() & expected.keys() - counters)
            if not found[key].is_floating_point()
            or found[key].layout != torch.strided
            or found[key].is_meta
        ],
    }
    said = "; ".join(f"{fault}: {_first(keys)}" for fault, keys in faults.items() if keys)
    if said:
        raise WeightsError(f"{path} does not fit {name}, give its architecture and width ({said})")
    infinite = sorted(k for k in found.keys() - counters if not found[k].float().isfinite().all())
    if infinite:
        raise WeightsError(
            f"{path} holds numbers that are not finite in {_first(infinite)}: its "
            "training failed, so take weights of before"
        )
    encoder.layers.load_state_dict(expected | found)


def _first(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _state_dict(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a file, wherever they are in it."""
    if not path.is_file():  # from a pipe nothing may ever come
        raise WeightsError(f"{path} is no file of weights: name another")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever its readers do
        raise WeightsError(
            f"{path} cannot be read as weights ({brief(error)}): it must be a "
            "file of torch.save or safetensors with tensors and plain values only; if you trust "
            "it, load it yourself and save its state dict alone"
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path} holds no state dict but a {type(content).__name__}")
    tensors = {key: value for key, value in content.items() if isinstance(value, Tensor)}
    for key in tensors:
        if not isinstance(key, str):
            raise WeightsError(
                f"{path} names a tensor {key!r}, a {type(key).__name__}: names must be text, as in "
                "a state dict"
            )
    return tensors


def _encoder_part(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the part of a state dict that is the encoder's, under the encoder's own names."""

    def part(prefix: str) -> dict[str, Tensor]:
        names = [name for name in state if name.startswith(prefix)]
        numbers = {name.removeprefix(prefix).partition(".")[0] for name in names}
        children = CHILDREN["lightly" if {"2", "3"} & numbers else "torchvision"]
        renamed = {_rename(name.removeprefix(prefix), children, expected): name for name in names}
        return {new: state[name] for new, name in renamed.items()}

    parts = [part(prefix) for prefix in PREFIXES]
    fitting = max(parts, key=lambda found: len(found.keys() & expected.keys()))
    # Without a prefix there is nothing to tell heads from the encoder but their names.
    found = {key: value for key, value in fitting.items() if not key.startswith(CLASSIFIERS)}
    log.info("%d of %d tensors are the encoder's", len(found), len(state))
    return found


def _rename(name: str, children: list[str], expected: Mapping[str, Tensor]) -> str:
    """Return the name of a weight as torchvision or lightly has it, whichever is expected."""
    first, _, rest = name.partition(".")
    if first.isdigit() and int(first) < len(children):
        name = f"{children[int(first)]}.{rest}"
    if name not in expected:
        for one, other in (("downsample", "shortcut"), ("shortcut", "downsample")):
            if name.replace(one, other) in expected:
                return name.replace(one, other)
    return name
