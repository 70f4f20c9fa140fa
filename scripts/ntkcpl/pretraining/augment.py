"""Random views of a batch of images, each image with its own draw.

What is random is drawn first, on the CPU, and then applied to all images at once where they are:
a view does not depend on the device, and to go on inside an epoch is to draw and not apply.
"""

import math
from typing import NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ntkcpl.pretraining import AugmentationSettings

GREY = torch.tensor([0.299, 0.587, 0.114])  # luma of ITU-R BT.601, as in Pillow's mode L
# The other two axes of YIQ, in which a turn about the first changes the hue.
YIQ = torch.stack(
    [GREY, torch.tensor([0.596, -0.274, -0.322]), torch.tensor([0.211, -0.523, 0.312])]
)
# SimSiam and BYOL blur images of 224 pixels by 0.1 to 2 pixels.
BLUR = (0.1 / 224, 2 / 224)


class Views(NamedTuple):
    """The draws for one view of each of B images; None where nothing is to be done.

    Attributes
    ----------
    maps : float32 (B, 2, 3)
        From a view's pixels to the image's, in the coordinates of
        `torch.nn.functional.affine_grid`: [-1, 1] across the image.
    brightness, contrast : float32 (B,)
        Factors.
    colour : float32 (B, 3, 3), optional
        The map of colours that changes saturation and hue, or makes them grey.
    blur : float32 (B,), optional
        Standard deviations as a share of the image's side, 0 for none.
    solarize : bool (B,), optional
        Whether to invert the bright half.
    """

    maps: Tensor
    brightness: Tensor
    contrast: Tensor
    colour: Tensor | None
    blur: Tensor | None
    solarize: Tensor | None

    def of(self, rows: slice) -> Self:
        """Return the draws for some of the images."""
        parts = {
            name: None if part is None else part[rows] for name, part in self._asdict().items()
        }
        return type(self)(**parts)  # type: ignore[arg-type]  # None only where None was


def draw_views(
    number: int, settings: AugmentationSettings, generator: Generator, second: bool = False
) -> Views:
    """Draw one view of each of `number` images.

    Parameters
    ----------
    number, settings
        How many, and how.
    generator
        The only source of randomness, on the CPU.
    second
        Whether these are the second views of their images (see `AugmentationSettings.blur`).
    """
    maps = _maps(number, settings, generator)
    changed = torch.ones(number, dtype=torch.bool)
    b, c = settings.brightness, settings.contrast
    brightness = _uniform(number, 1 - b, 1 + b, generator)
    contrast = _uniform(number, 1 - c, 1 + c, generator)
    if settings.jitter < 1:
        changed = _share(number, settings.jitter, generator)
        brightness[~changed] = 1
        contrast[~changed] = 1
    blur = solarize = None
    colour = _colour(number, settings, changed, generator)
    if settings.blur[second]:
        blur = _uniform(number, *BLUR, generator)
        blur = blur.where(_share(number, settings.blur[second], generator), 0.0)
    if settings.solarize[second]:
        solarize = _share(number, settings.solarize[second], generator)
    return Views(maps, brightness, contrast, colour, blur, solarize)


def apply_views(images: Tensor, views: Views, size: tuple[int, int]) -> Tensor:
    """Return the views of images, float32 (B, 3, *size) in [0, 1].

    Crop, rotation and flip are one affine map a view, so that pixels are interpolated once; what
    lies outside the image is black. So are all changes of colour, which are therefore clamped to
    [0, 1] once and not after each. Measured on a CPU, this takes 0.27 of the time of Kornia's
    operations (benchmarks/pretraining.py); torchvision's draw once a batch instead of once an
    image.

    Parameters
    ----------
    images : float32 (B, 3, H, W)
        In [0, 1].
    views
        Of B images.
    size
        Height and width of a view.
    """
    grid = F.affine_grid(views.maps, [*images.shape[:2], *size], align_corners=False)
    # Images in channels-last order, the encoder's fastest, are sampled in that order.
    view = F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
    factors = (-1, 1, 1, 1)
    mean = view.mean(dim=(1, 2, 3), keepdim=True)
    view = (view - mean) * views.contrast.view(factors) + mean
    view = view.mul_(views.brightness.view(factors))
    if views.colour is not None:
        view = torch.einsum("bij,bjhw->bihw", views.colour, view)
        view = view.contiguous(memory_format=torch.channels_last)
    view = view.clamp_(0, 1)
    if views.blur is not None:
        view = _blurred(view, views.blur)
    if views.solarize is not None:
        inverted = views.solarize.view(factors) & (view >= 0.5)
        view = torch.where(inverted, 1 - view, view)
    return view


def _maps(number: int, settings: AugmentationSettings, generator: Generator) -> Tensor:
    """Draw `Views.maps`."""
    area = _uniform(number, settings.min_crop, 1, generator)
    angle = _uniform(number, -settings.rotation, settings.rotation, generator) * (math.pi / 180)
    width = height = area.sqrt()
    if settings.max_aspect > 1:
        # Not more than the image is wide and high, whatever the area was to be.
        limit = math.log(settings.max_aspect) / 2
        stretch = _uniform(number, -limit, limit, generator).exp()
        width, height = (width * stretch).clamp(max=1), (height / stretch).clamp(max=1)
    # The centre of a crop of side s is anywhere in [-(1 - s), 1 - s].
    x = _uniform(number, -1, 1, generator) * (1 - width)
    y = _uniform(number, -1, 1, generator) * (1 - height)
    mirror = torch.ones(number)
    if settings.horizontal_flip:
        mirror = torch.where(_uniform(number, 0, 1, generator) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    rows = [
        torch.stack(row, 1)
        for row in (
            (width * cos * mirror, -(height * sin), x),
            (width * sin * mirror, height * cos, y),
        )
    ]
    return torch.stack(rows, 1)


def _colour(
    number: int, settings: AugmentationSettings, changed: Tensor, generator: Generator
) -> Tensor | None:
    """Draw `Views.colour`; saturation and hue change only where `changed` says so."""
    if not (settings.saturation or settings.hue or settings.grey):
        return None
    saturation = _uniform(number, 1 - settings.saturation, 1 + settings.saturation, generator)
    turn = _uniform(number, -settings.hue, settings.hue, generator) * (2 * math.pi)
    colourless = _share(number, settings.grey, generator)
    saturation = saturation.where(changed, 1.0).where(~colourless, 0.0)
    turn = turn.where(changed, 0.0)
    # In YIQ: the luma stays, the chroma is scaled and turned.
    cos, sin = saturation * turn.cos(), saturation * turn.sin()
    zero, one = torch.zeros(number), torch.ones(number)
    rows = ((one, zero, zero), (zero, cos, -sin), (zero, sin, cos))
    turned = torch.stack([torch.stack(row, 1) for row in rows], 1)
    return torch.linalg.inv(YIQ) @ turned @ YIQ


def _blurred(view: Tensor, share: Tensor) -> Tensor:
    """Blur each view by its own Gaussian, of which the deviation is a share of the view's side."""
    from kornia.filters import gaussian_blur2d

    sigma = (share * view.shape[-1]).clamp(min=1e-3)  # so narrow a Gaussian changes nothing
    size = 2 * math.ceil(3 * BLUR[1] * view.shape[-1]) + 1
    return gaussian_blur2d(view, (size, size), sigma[:, None].repeat(1, 2))


def _uniform(number: int, low: float, high: float, generator: Generator) -> Tensor:
    return torch.rand(number, generator=generator) * (high - low) + low


def _share(number: int, share: float, generator: Generator) -> Tensor:
    return torch.rand(number, generator=generator) < share
