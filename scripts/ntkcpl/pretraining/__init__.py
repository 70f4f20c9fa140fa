"""Self-supervised pretraining of an encoder on the images of the pool, without their labels.

What the configuration needs stands here, without torch; the entry is `training.pretrain`.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ntkcpl.encoders import Precision
from ntkcpl.settings import BatchSize, Count, ImageSize, Positive, Seed, Settings, Threads, Width

ShareOfViews = Annotated[
    list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=2, max_length=2)
]


class AugmentationSettings(Settings):
    """How a view of an image is drawn; the defaults suit digits."""

    min_crop: float = Field(default=0.6, gt=0, le=1)
    """Smallest crop as a share of the image's area; the largest is the whole image."""
    rotation: float = Field(default=15.0, ge=0, le=180)
    """Largest rotation either way, in degrees."""
    brightness: float = Field(default=0.4, ge=0, le=1)
    """Largest relative change of brightness."""
    contrast: float = Field(default=0.4, ge=0, le=1)
    """Largest relative change of contrast."""
    saturation: float = Field(default=0.0, ge=0, le=1)
    """Largest relative change of saturation."""
    hue: float = Field(default=0.0, ge=0, le=0.5)
    """Largest turn of the hue either way, as a share of the colour circle."""
    jitter: float = Field(default=1.0, ge=0, le=1)
    """Share of the views in which the four above change."""
    grey: float = Field(default=0.0, ge=0, le=1)
    """Share of the views that lose their colours."""
    blur: ShareOfViews = Field(default=[0.0, 0.0])
    """Share of the first and of the second views that are blurred by a Gaussian, of which the
    standard deviation is up to 2 pixels in 224."""
    solarize: ShareOfViews = Field(default=[0.0, 0.0])
    """Share of the first and of the second views of which the bright half is inverted."""
    max_aspect: float = Field(default=1.0, ge=1, le=10)
    """Largest ratio of a crop's sides, either way."""
    horizontal_flip: bool = False
    """Whether to mirror half of the views; a mirrored digit is none."""


class PretrainingSettings(Settings):
    """Pretraining by SimSiam (Chen and He 2021) or BYOL (Grill et al. 2020).

    The defaults are those of the digits run.
    """

    method: Literal["simsiam", "byol"] = "simsiam"
    """The self-supervised method."""
    epochs: Count = 80
    """Passes over the pool."""
    batch_size: BatchSize = Field(default=128, ge=2)
    """Images a step; each gives two views. What is left of an epoch is dropped."""
    accumulate: Count = 1
    """Parts that the images of a step are taken in one after the other, where memory is short;
    batch normalisation sees one part."""
    optimizer: Literal["sgd", "lars"] = "sgd"
    """SGD with momentum, or LARS (You et al. 2017) for batches of thousands."""
    learning_rate: Positive = 0.3
    """Rate for 256 images a step: the rule of both methods is learning_rate x batch_size / 256. It
    falls to 0 by a cosine over the epochs; SimSiam's prediction head keeps it, as in the paper."""
    warmup_epochs: int = Field(default=0, ge=0, le=10**9)
    """Epochs in which the rate rises from 0 to the above, before the cosine."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum of the optimiser."""
    weight_decay: float = Field(default=5e-4, ge=0, le=1)
    """Weight decay; with LARS, biases and batch normalisation have none."""
    target_momentum: float = Field(default=0.996, ge=0, lt=1)
    """BYOL's momentum of the target network at the start; it rises to 1 by a cosine."""
    projection_width: Width = 256
    """Width of the projection head: of all three layers (SimSiam), or of its output (BYOL)."""
    prediction_width: Width = 64
    """Hidden units of the prediction head; with BYOL, of the projection head too."""
    precision: Precision = "32-true"
    """What is computed with (Lightning's names); `bf16-mixed` is faster on most GPUs, and on CPUs
    with instructions for it."""
    devices: Threads = 1
    """GPUs, or processes where there is none, which share the images of a step."""
    augmentation: AugmentationSettings = AugmentationSettings()
    """How views are drawn."""
    source_size: ImageSize | None = None
    """Height and width to which images in files are resized before views of the data set's
    `image_size` are cut from them, so that a small crop keeps its details; the same by default."""
    monitor_every: Count = 10
    """Epochs between two k-NN accuracies, which are reported and never used."""
    checkpoint_every: Count = 10
    """Epochs between two checkpoints, from which a killed pretraining goes on."""
    seed: Seed = 0
    """Seed of the initial weights, the order of the images and their views."""
    threads: Threads = 1
    """CPU threads. They are part of the result: a sum split over another number of threads rounds
    differently. So this number is used whatever number of cores the workflow is given. On images
    of 8 x 8 pixels a second thread saves a fifth of the time on idle cores, but on busy ones the
    two wait for each other and take ten times as long or more."""

    @property
    def largest_rate(self) -> float:
        """The learning rate for the images of a step."""
        return self.learning_rate * self.batch_size / 256

    def is_due(self, epoch: int, every: int) -> bool:
        """Return whether what is done every so many epochs, and after the last, is done now."""
        return epoch % every == 0 or epoch == self.epochs

    @property
    def parts(self) -> int:
        """Parts of a step, over all devices and one after the other."""
        return self.accumulate * self.devices

    @property
    def part_size(self) -> int:
        """Images that a device takes at once."""
        return self.batch_size // self.parts

    @model_validator(mode="after")
    def _parts_are_equal(self) -> Self:
        if self.batch_size % self.parts or self.part_size < 2:
            raise ValueError(
                f"batch_size {self.batch_size} does not fall into {self.parts} parts (accumulate x "
                "devices) of equally many images, two at least"
            )
        return self

    @model_validator(mode="after")
    def _warmup_ends(self) -> Self:
        if self.warmup_epochs >= self.epochs:
            raise ValueError(f"warmup_epochs must be fewer than the {self.epochs} epochs")
        return self
