"""Self-supervised pretraining of an encoder on the images of the pool, without their labels."""

from typing import Literal

from pydantic import Field

from ntkcpl.settings import Settings


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
    horizontal_flip: bool = False
    """Whether to mirror half of the views; a mirrored digit is none."""


class PretrainingSettings(Settings):
    """SimSiam pretraining (Chen and He 2021); the defaults are those of the digits run."""

    method: Literal["simsiam"] = "simsiam"
    """The self-supervised method."""
    epochs: int = Field(default=80, ge=1)
    """Passes over the pool."""
    batch_size: int = Field(default=128, ge=2)
    """Images a step; each gives two views. What is left of an epoch is dropped."""
    learning_rate: float = Field(default=0.3, gt=0)
    """SGD's rate for 256 images a step: SimSiam's rule is learning_rate x batch_size / 256. It
    falls to 0 by a cosine over the epochs; the prediction head keeps it, as in the paper."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum of SGD."""
    weight_decay: float = Field(default=5e-4, ge=0)
    """Weight decay of SGD."""
    projection_width: int = Field(default=256, ge=1)
    """Width of all three layers of the projection head."""
    prediction_width: int = Field(default=64, ge=1)
    """Width of the prediction head's bottleneck."""
    augmentation: AugmentationSettings = AugmentationSettings()
    """How views are drawn."""
    monitor_every: int = Field(default=10, ge=1)
    """Epochs between two k-NN accuracies, which are reported and never used."""
    checkpoint_every: int = Field(default=10, ge=1)
    """Epochs between two checkpoints, from which a killed pretraining goes on."""
    seed: int = Field(default=0, ge=0)
    """Seed of the initial weights, the order of the images and their views."""
    threads: int = Field(default=1, ge=1)
    """CPU threads. They are part of the result: a sum split over another number of threads rounds
    differently. So this number is used whatever number of cores the workflow is given. On images
    of 8 x 8 pixels a second thread saves a fifth of the time on idle cores, but on busy ones the
    two wait for each other and take ten times as long or more."""
