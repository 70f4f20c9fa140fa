"""Random views of a batch of images, each image with its own draw."""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ntkcpl.pretraining import AugmentationSettings


def augment(images: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """Return one random view of each image, float32 (B, 3, H, W) in [0, 1].

    Crop, rotation and flip are one affine map a view, so that pixels are interpolated once; what
    lies outside the image is black. Torchvision's transforms draw once a batch instead.

    Parameters
    ----------
    images : float32 (B, 3, H, W)
        In [0, 1].
    settings
        How views are drawn.
    generator
        The only source of randomness.
    """
    grid = F.affine_grid(
        affine_maps(len(images), settings, generator), list(images.shape), align_corners=False
    )
    # Images in channels-last order, the encoder's fastest, are sampled in that order.
    views = F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
    return _jitter(views, settings, generator)


def affine_maps(number: int, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """Draw maps from a view's pixels to the image's, float32 (number, 2, 3).

    The coordinates are those of `torch.nn.functional.affine_grid`: [-1, 1] across the image.
    """
    area = _uniform(number, settings.min_crop, 1, generator)
    angle = _uniform(number, -settings.rotation, settings.rotation, generator) * (math.pi / 180)
    # The centre of a crop of side s is anywhere in [-(1 - s), 1 - s].
    side = area.sqrt()
    x = _uniform(number, -1, 1, generator) * (1 - side)
    y = _uniform(number, -1, 1, generator) * (1 - side)
    mirror = torch.ones(number)
    if settings.horizontal_flip:
        mirror = torch.where(_uniform(number, 0, 1, generator) < 0.5, -1.0, 1.0)
    cos, sin = side * angle.cos(), side * angle.sin()
    rows = [torch.stack(row, 1) for row in ((cos * mirror, -sin, x), (sin * mirror, cos, y))]
    return torch.stack(rows, 1)


def _jitter(views: Tensor, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """Change brightness by a factor, contrast by a factor about the view's mean."""
    shape = (len(views), 1, 1, 1)
    b, c = settings.brightness, settings.contrast
    brightness = _uniform(len(views), 1 - b, 1 + b, generator).view(shape)
    contrast = _uniform(len(views), 1 - c, 1 + c, generator).view(shape)
    mean = views.mean(dim=(1, 2, 3), keepdim=True)
    return ((views - mean) * contrast + mean).mul_(brightness).clamp_(0, 1)


def _uniform(number: int, low: float, high: float, generator: Generator) -> Tensor:
    return torch.rand(number, generator=generator) * (high - low) + low
