import colorsys
import math

import pytest
import torch
from torch import Tensor

from ntkcpl.pretraining import AugmentationSettings
from ntkcpl.pretraining.augment import Views, apply_views, draw_views
from ntkcpl.seeding import torch_generator

NOTHING = AugmentationSettings(min_crop=1, rotation=0, brightness=0, contrast=0)


def draw(number: int, settings: AugmentationSettings, second: bool = False) -> Views:
    return draw_views(number, settings, torch_generator("x"), second)


def augment(images: Tensor, settings: AugmentationSettings, seed: str = "x") -> Tensor:
    views = draw_views(len(images), settings, torch_generator(seed))
    return apply_views(images, views, images.shape[2:])


def changed(**fields: object) -> AugmentationSettings:
    return NOTHING.model_copy(update=fields)


def test_an_augmentation_of_nothing_changes_nothing():
    images = torch.rand(5, 3, 8, 8)
    torch.testing.assert_close(augment(images, NOTHING), images)


ALL = AugmentationSettings(
    saturation=0.4,
    hue=0.1,
    jitter=0.8,
    grey=0.2,
    blur=[0.5, 0.5],
    solarize=[0.2, 0.2],
    max_aspect=4 / 3,
    horizontal_flip=True,
)


@pytest.mark.parametrize("settings", [AugmentationSettings(), ALL], ids=["digits", "all"])
def test_views_differ_between_images_and_follow_the_generator(settings: AugmentationSettings):
    images = torch.rand(1, 3, 8, 8).expand(6, -1, -1, -1)
    views = augment(images, settings)
    assert len(torch.unique(views, dim=0)) == 6
    assert views.min() >= 0 and views.max() <= 1
    assert torch.equal(views, augment(images, settings))
    assert not torch.equal(views, augment(images, settings, "y"))


def test_a_view_does_not_depend_on_the_others_of_its_batch():
    images = torch.rand(6, 3, 8, 8)
    views = draw(6, ALL)
    part = apply_views(images[2:4], views.of(slice(2, 4)), (8, 8))
    torch.testing.assert_close(part, apply_views(images, views, (8, 8))[2:4])


def test_half_of_the_views_are_mirrored_where_wanted():
    images = torch.rand(1, 3, 8, 8).expand(200, -1, -1, -1)
    views = augment(images, changed(horizontal_flip=True))
    mirrored = torch.isclose(views, images.flip(3), atol=1e-5).all(dim=(1, 2, 3))
    same = torch.isclose(views, images, atol=1e-5).all(dim=(1, 2, 3))
    assert (mirrored ^ same).all() and 70 < mirrored.sum() < 130


def test_crops_lie_within_the_image_and_have_the_stated_area():
    maps = draw(500, changed(min_crop=0.3)).maps
    area, offset = maps[:, 0, 0] * maps[:, 1, 1], maps[:, :, 2].abs()
    assert 0.3 <= area.min() < 0.35 and 0.95 < area.max() <= 1
    assert (offset + area.sqrt()[:, None] <= 1 + 1e-6).all()


def test_crops_may_be_wide_or_high_within_the_image():
    maps = draw(500, changed(min_crop=0.2, max_aspect=4 / 3)).maps
    sides, offset = torch.stack([maps[:, 0, 0], maps[:, 1, 1]], 1), maps[:, :, 2].abs()
    aspect = sides[:, 0] / sides[:, 1]
    assert 0.75 - 1e-6 <= aspect.min() < 0.8 and 1.25 < aspect.max() <= 4 / 3 + 1e-6
    assert (offset + sides <= 1 + 1e-6).all()


def test_a_view_of_another_size_keeps_the_pixels_of_the_image():
    images = torch.rand(2, 3, 24, 24)
    quarter = changed(min_crop=0.25)
    views = draw(2, quarter)
    # The crop of half the side that begins at row 6 and column 3, pixel by pixel.
    views.maps[:] = torch.tensor([[0.5, 0, 3 / 12 - 0.5], [0, 0.5, 6 / 12 - 0.5]])
    cut = apply_views(images, views, (12, 12))
    torch.testing.assert_close(cut, images[:, :, 6:18, 3:15])


def test_rotations_are_drawn_either_way_up_to_the_limit():
    maps = draw(500, changed(rotation=30.0)).maps
    angle = torch.rad2deg(torch.atan2(maps[:, 1, 0], maps[:, 0, 0]))
    assert -30 <= angle.min() < -28 and 28 < angle.max() <= 30


def test_brightness_and_contrast_are_those_of_a_slow_loop():
    images = torch.rand(20, 3, 8, 8) / 2 + 0.25
    settings = changed(brightness=0.2, contrast=0.2)
    draws, views = draw(20, settings), augment(images, settings)
    for image, view, b, c in zip(images, views, draws.brightness, draws.contrast, strict=True):
        expected = ((image - image.mean()) * c + image.mean()) * b
        torch.testing.assert_close(view, expected)
    assert draws.brightness.std() > 0.05 and draws.contrast.std() > 0.05


def test_colours_turn_about_the_grey_axis_and_keep_their_luma():
    images = torch.rand(200, 3, 4, 4) / 4 + 0.4  # far from the clamp
    views = augment(images, changed(saturation=0.4, hue=0.1))
    grey = torch.tensor([0.299, 0.587, 0.114])
    luma = [torch.einsum("bchw,c->bhw", x, grey) for x in (images, views)]
    torch.testing.assert_close(luma[0], luma[1], atol=1e-3, rtol=0)
    assert (images - views).abs().amax(dim=(1, 2, 3)).min() > 1e-3


def test_a_turn_by_a_third_of_the_circle_makes_red_about_green():
    red = torch.tensor([0.6, 0.3, 0.3]).view(1, 3, 1, 1).expand(500, -1, 4, 4)
    views = augment(red, changed(hue=1 / 3))
    hues = torch.tensor([colorsys.rgb_to_hsv(*view[:, 0, 0].tolist())[0] for view in views])
    turn = torch.minimum(hues, 1 - hues)
    assert turn.max() == pytest.approx(1 / 3, abs=0.05) and turn.min() < 0.01


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_views_is_grey(share: float):
    images = torch.rand(400, 3, 4, 4)
    views = augment(images, changed(grey=share))
    spread = (views.amax(1) - views.amin(1)).amax(dim=(1, 2))
    assert abs(int((spread < 1e-3).sum()) - 400 * share) < 40 * (0 < share < 1) + 1


def test_a_share_of_the_views_keeps_its_colours():
    settings = changed(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, jitter=0.6)
    images = torch.rand(400, 3, 4, 4)
    same = torch.isclose(augment(images, settings), images, atol=1e-4).all(dim=(1, 2, 3))
    assert 120 < same.sum() < 200


def test_blurring_is_that_of_a_gaussian_and_only_of_the_views_asked_for():
    images = torch.rand(40, 3, 32, 32)
    settings = changed(blur=[1.0, 0.0])
    first, second = draw(40, settings), draw(40, settings, second=True)
    assert second.blur is None
    assert first.blur is not None
    views = apply_views(images, first, images.shape[2:])
    middle = torch.arange(-16, 17)
    for image, view, share in zip(images, views, first.blur, strict=True):
        weight = torch.exp(-((middle / (share * 32)) ** 2) / 2)
        weight = weight.outer(weight)
        padded = torch.nn.functional.pad(image[:, None], (16, 16, 16, 16), mode="reflect")
        kernel = (weight / weight.sum())[None, None]
        expected = torch.nn.functional.conv2d(padded, kernel)[:, 0]
        torch.testing.assert_close(view, expected, atol=2e-3, rtol=0)


def test_solarizing_inverts_the_bright_half_of_the_views_asked_for():
    images = torch.rand(40, 3, 4, 4)
    settings = changed(solarize=[0.0, 1.0])
    assert draw(40, settings).solarize is None
    views = apply_views(images, draw(40, settings, second=True), images.shape[2:])
    expected = torch.where(images >= 0.5, 1 - images, images)
    torch.testing.assert_close(views, expected, atol=1e-5, rtol=0)
    assert math.isclose(float(views.max()), 0.5, abs_tol=0.02)
