"""Encoders: networks that map an image to its embedding.

`encoder` builds them, `weights` reads weights that others have trained, and `storage` writes and
reads `encoder.pt`.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ntkcpl.encoders import packaged
from ntkcpl.settings import PathText, Settings

SCALED = ("resnet9", "resnet18")
FIXED = {"wrn-28-8": 512, "resnet50": 2048}  # and the entries of their embeddings
TIMM = "timm/"
PRETRAINED = "pretrained"

# Lightning's names for the numbers that are computed with.
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


class EncoderSettings(Settings):
    """The architecture of an encoder; the defaults are those of the digits run."""

    architecture: str = "resnet9"
    """resnet9, resnet18 (He et al. 2016) or wrn-28-8 (Zagoruyko and Komodakis 2016), for small
    images: the first layer is 3x3, with stride 1 and no max-pooling; resnet50, for large ones;
    timm/<model>, any of timm's; or efficientnet_lite0, whose weights are installed with a package
    and were trained with the labels of ImageNet (`ntkcpl.encoders.packaged`)."""
    width: float | None = Field(default=None, ge=1 / 8, le=4)
    """Multiplier of every layer's channels, of resnet9 and resnet18 only, 0.25 by default; the
    embedding has 512 x width entries. With fewer than 8 channels, torch 2.14's oneDNN writes beyond
    its memory on processors without AVX-512 (1x1 convolutions of stride 2, channels last)."""
    checkpoint: PathText | None = None
    """File of weights that take the place of pretraining, relative to the working directory; or
    "pretrained" for those that timm downloads."""

    @property
    def has_weights(self) -> bool:
        """Whether there are weights already, in place of pretraining."""
        return self.checkpoint is not None or self.architecture == packaged.NAME

    @property
    def network(self) -> "EncoderSettings":
        """The settings of the network alone, which do not say where its weights come from."""
        packed = self.architecture == packaged.NAME
        architecture = f"{TIMM}{packaged.NETWORK}" if packed else self.architecture
        return self.model_copy(update={"architecture": architecture, "checkpoint": None})

    @property
    def checkpoint_file(self) -> Path | None:
        """The file of weights, if there is one."""
        if self.checkpoint in (None, PRETRAINED):
            return None
        return Path(str(self.checkpoint)).expanduser()

    @property
    def embedding_width(self) -> int | None:
        """Entries of an embedding, D; None for timm's models, which must be built to tell."""
        if self.width is not None:
            return 8 * int(64 * self.width)  # of whole channels, eight times those of the stem
        return (FIXED | {packaged.NAME: packaged.WIDTH}).get(self.architecture)

    @property
    def weights_file(self) -> Path | None:
        """The file of weights, brought along or installed, if there is one."""
        return (
            packaged.weights_file() if self.architecture == packaged.NAME else self.checkpoint_file
        )

    @property
    def weights_version(self) -> str | None:
        """The version of the package that brings the weights, if one does."""
        return packaged.weights_version() if self.architecture == packaged.NAME else None

    @model_validator(mode="before")
    @classmethod
    def _default_width(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("architecture", SCALED[0]) in SCALED:
            width = values.get("width")
            return dict(values) | {"width": 0.25 if width is None else width}
        return values

    @field_validator("architecture")
    @classmethod
    def _known(cls, architecture: str) -> str:
        if architecture.startswith(TIMM):
            import timm

            if not timm.is_model(architecture.removeprefix(TIMM)):
                raise ValueError(
                    f"timm has no model {architecture.removeprefix(TIMM)!r}: see timm.list_models()"
                )
        elif architecture == packaged.NAME:
            packaged.weights_version()  # says so if they are not installed
        elif architecture not in (*SCALED, *FIXED):
            known = ", ".join((*SCALED, *FIXED, packaged.NAME))
            raise ValueError(f"must be one of {known} or {TIMM}<model>, but is {architecture!r}")
        return architecture

    @model_validator(mode="after")
    def _fit_together(self) -> "EncoderSettings":
        if self.width is not None and self.architecture not in SCALED:
            raise ValueError(f"width goes with {' and '.join(SCALED)} only: leave it out")
        if self.architecture == packaged.NAME and self.checkpoint is not None:
            raise ValueError(f"{packaged.NAME} has its own weights: leave checkpoint out")
        if self.checkpoint == PRETRAINED:
            if not self.architecture.startswith(TIMM):
                raise ValueError("checkpoint: pretrained goes with timm's models only: name a file")
        elif self.checkpoint_file and not self.checkpoint_file.is_file():
            raise ValueError(f"checkpoint {self.checkpoint} is no file")
        return self
