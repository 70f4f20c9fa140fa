"""Encoders: networks that map an image to its embedding.

`resnet` builds them, `storage` writes and reads `encoder.pt`.
"""

from typing import Literal

from pydantic import Field

from ntkcpl.settings import Settings


class EncoderSettings(Settings):
    """The architecture of an encoder; the defaults are those of the digits run."""

    architecture: Literal["resnet9", "resnet18"] = "resnet9"
    """ResNet (He et al. 2016) with a stem for small images: 3x3, stride 1, no max-pooling."""
    width: float = Field(default=0.25, ge=1 / 16, le=4)
    """Multiplier of every layer's channels; the embedding has 512 x width entries."""
