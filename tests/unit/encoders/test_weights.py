"""Encoders of others: the literature's sizes, and weights in the layouts that they come in."""

from pathlib import Path

import pytest
import timm
import torch
import torchvision
from lightly.models.resnet import ResNetGenerator
from pydantic import ValidationError
from safetensors.torch import save_file
from torch import nn

from ntkcpl.artifacts.files import Provenance
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import build
from ntkcpl.encoders.storage import load_encoder, save_encoder
from ntkcpl.encoders.weights import WeightsError, import_encoder
from ntkcpl.encoders.wide_resnet import wide_resnet


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("architecture", "options", "number", "width"),
    [
        ("resnet18", {"width": 1.0}, 11_168_832, 512),  # 11.17 million with a linear layer
        ("resnet50", {}, 25_557_032 - 1_000 * 2_049, 2048),  # torchvision's table
        ("timm/vit_tiny_patch16_224", {}, 5_717_416 - 1_000 * 193, 192),  # timm's table
    ],
)
def test_encoders_have_the_size_of_the_literature(architecture, options, number, width):
    encoder = build(EncoderSettings(architecture=architecture, **options)).eval()
    assert parameters(encoder) == number
    embedding = encoder(torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    assert embedding.shape == (2, width) == (2, encoder.embedding_width)


@pytest.mark.parametrize(
    ("depth", "factor", "millions"), [(16, 8, 11.0), (40, 4, 8.9), (28, 8, 23.4), (28, 10, 36.5)]
)
def test_wide_resnets_have_the_size_of_their_papers_table(depth, factor, millions):
    linear = 64 * factor * 10 + 10
    assert round((parameters(wide_resnet(depth, factor)) + linear) / 1e6, 1) == millions


def test_a_wide_resnet_halves_the_image_twice():
    assert build(EncoderSettings(architecture="wrn-28-8")).embedding_width == 512
    layers = wide_resnet(16, 1)
    assert layers[:4](torch.zeros(1, 3, 32, 32)).shape == (1, 64, 8, 8)
    with pytest.raises(ValueError, match="6 n \\+ 4"):
        wide_resnet(18, 1)


def randomise(model):
    """Give each parameter and statistic a value of its own."""
    for value in [*model.parameters(), *model.buffers()]:
        if value.is_floating_point():
            value.data.uniform_(0.5, 1.5).div_(max(1, value.numel() / len(value)))
    return model.eval()


def small_torchvision():
    """A ResNet-18 of torchvision with a stem for small images, as solo-learn has it."""
    model = torchvision.models.resnet18()
    model.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    model.maxpool = nn.Identity()
    return randomise(model)


def headless(model):
    model.fc = nn.Identity()
    return model


def numbered(children):
    return nn.Sequential(*children)


def prefixed(prefix, model):
    return {f"{prefix}{name}": value for name, value in model.state_dict().items()}


def lightly_resnet():
    return randomise(ResNetGenerator("resnet-18", width=1))


def case(name):
    """Return a state dict in some library's layout, and the embeddings of its own model."""
    if name == "torchvision":
        model = randomise(torchvision.models.resnet50())
        return "resnet50", model.state_dict(), headless(model)
    if name == "timm":
        model = randomise(timm.create_model("resnet50"))
        return "resnet50", model.state_dict(), headless(model)
    if name == "lightly, torchvision":
        model = randomise(torchvision.models.resnet50())
        backbone = numbered(list(model.children())[:-1])
        state = prefixed("backbone.", backbone)
        state |= prefixed("projection_head.", nn.Linear(2048, 4))
        state |= prefixed("momentum_backbone.", backbone)
        return "resnet50", {"epoch": 3, "state_dict": state}, headless(model)
    if name == "lightly":
        model = lightly_resnet()
        backbone = numbered([*list(model.children())[:-1], nn.AdaptiveAvgPool2d(1)])
        state = prefixed("model.backbone.", backbone) | prefixed("model.head.", nn.Linear(3, 3))
        forward = nn.Sequential(
            *(model.conv1, model.bn1, nn.ReLU()),
            *(model.layer1, model.layer2, model.layer3, model.layer4),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        )
        return "resnet18", {"state_dict": state}, forward
    assert name == "solo-learn"
    model = headless(small_torchvision())
    state = prefixed("backbone.", model) | prefixed("projector.", nn.Linear(3, 3))
    return "resnet18", {"state_dict": state, "pytorch-lightning_version": "2.0"}, model


@pytest.mark.parametrize(
    "name", ["torchvision", "timm", "lightly, torchvision", "lightly", "solo-learn"]
)
def test_weights_of_others_give_their_embeddings(name, tmp_path: Path):
    torch.manual_seed(0)
    architecture, content, theirs = case(name)
    file = tmp_path / "weights.ckpt"
    torch.save(content, file)
    width = {"width": 1.0} if architecture == "resnet18" else {}
    settings = EncoderSettings(architecture=architecture, checkpoint=str(file), **width)
    encoder = import_encoder(settings)
    images = torch.rand(2, 3, 40, 40)
    with torch.no_grad():
        expected = theirs((images - encoder.mean) / encoder.std)
        torch.testing.assert_close(encoder(images), expected)


def test_weights_of_timm_in_safetensors_and_its_own_transform(tmp_path: Path):
    theirs = randomise(timm.create_model("vit_tiny_patch16_224"))
    file = tmp_path / "model.safetensors"
    save_file(theirs.state_dict(), file)
    name = "timm/vit_tiny_patch16_224"
    encoder = import_encoder(EncoderSettings(architecture=name, checkpoint=str(file)))
    images = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8)
    with torch.no_grad():
        expected = theirs.forward_head(
            theirs.forward_features((images / 255 - 0.5) / 0.5), pre_logits=True
        )
        torch.testing.assert_close(encoder(images), expected, rtol=1e-3, atol=1e-4)
        assert encoder(images[:, :, :32, :32]).shape == (2, 192)  # resized to 224 x 224


def test_our_own_encoders_are_checkpoints_too(tmp_path: Path):
    encoder = build(EncoderSettings(width=1 / 8)).eval()
    randomise(encoder.layers)
    save_encoder(tmp_path / "encoder.pt", encoder, Provenance("{}", {}, ()))
    settings = EncoderSettings(width=1 / 8, checkpoint=str(tmp_path / "encoder.pt"))
    imported = import_encoder(settings)
    images = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(imported(images), encoder(images))
    # What is then written no longer needs the checkpoint.
    save_encoder(tmp_path / "again.pt", imported, Provenance("{}", {}, ()))
    (tmp_path / "encoder.pt").unlink()
    loaded, _ = load_encoder(tmp_path / "again.pt")
    assert loaded.settings.checkpoint is None
    torch.testing.assert_close(loaded(images), encoder(images))


def change(state, how):
    name = "layer1.0.conv1.weight"
    if how == "missing":
        del state[name]
    elif how == "unexpected":
        state["layer9.weight"] = torch.zeros(1)
    else:
        state[name] = torch.zeros(2, 3)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("missing", r"\(missing: layer1\.0\.conv1\.weight\)"),
        ("unexpected", r"\(unexpected: layer9\.weight\)"),
        ("shape", r"shape: layer1\.0\.conv1\.weight \(2, 3\), expected \(64, 64, 1, 1\)\)"),
    ],
)
def test_weights_that_do_not_fit_are_named(how, said, tmp_path: Path):
    state = torchvision.models.resnet50().state_dict()
    change(state, how)
    file = tmp_path / "weights.pth"
    torch.save(state, file)
    with pytest.raises(WeightsError, match=rf"weights\.pth does not fit resnet50, .*{said}") as it:
        import_encoder(EncoderSettings(architecture="resnet50", checkpoint=str(file)))
    assert "\n" not in str(it.value)


class Foreign:
    """A class that no file of weights should make us load."""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"model": Foreign()}, "cannot be read as weights"),
        ([1, 2], "holds no state dict but a list"),
        ({"other": torch.zeros(2)}, "holds no weights of resnet50: .* names like conv1.weight"),
    ],
)
def test_what_holds_no_weights_is_refused(content, said, tmp_path: Path):
    file = tmp_path / "weights.pth"
    torch.save(content, file)
    with pytest.raises(WeightsError, match=rf"weights\.pth {said}") as it:
        import_encoder(EncoderSettings(architecture="resnet50", checkpoint=str(file)))
    assert "\n" not in str(it.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"architecture": "vgg"},
            "must be one of resnet9, resnet18, wrn-28-8, resnet50, efficientnet_lite0 or",
        ),
        ({"architecture": "timm/vgg99"}, "timm has no model 'vgg99'"),
        ({"architecture": "resnet50", "width": 0.5}, "width goes with resnet9 and resnet18 only"),
        ({"checkpoint": "nowhere.pt"}, "checkpoint nowhere.pt is no file"),
        ({"checkpoint": "pretrained"}, "checkpoint: pretrained goes with timm's models only"),
    ],
)
def test_bad_settings_say_what_is_allowed(values, said):
    with pytest.raises(ValidationError, match=said):
        EncoderSettings(**values)


@pytest.mark.parametrize("values", [{}, {"architecture": "wrn-28-8"}, {"width": 0.5}])
def test_settings_survive_their_canonical_text(values):
    settings = EncoderSettings(**values)
    assert EncoderSettings.parse(settings.canonical()) == settings
    assert settings.width == {"wrn-28-8": None}.get(
        settings.architecture, values.get("width", 0.25)
    )


def spoilt(state, kind):
    """A state dict of which one weight is not a finite real number."""
    name = next(iter(state))
    value = state[name]
    state[name] = {
        "complex": lambda: value.to(torch.complex64),
        "quantised": lambda: torch.quantize_per_tensor(value, 0.1, 0, torch.qint8),
        "whole": lambda: value.to(torch.int8),
        "sparse": lambda: value.to_sparse(),
        "nan": lambda: value.index_fill(0, torch.tensor([0]), torch.nan),
        "inf": lambda: value.index_fill(0, torch.tensor([0]), torch.inf),
    }[kind]()
    return name, state


@pytest.mark.parametrize("kind", ["complex", "quantised", "whole", "sparse", "nan", "inf"])
def test_weights_that_are_no_finite_real_numbers_are_refused(tmp_path, kind):
    settings = EncoderSettings(architecture="resnet9", width=0.125)
    name, state = spoilt(build(settings).layers.state_dict(), kind)
    torch.save(state, tmp_path / "weights.pt")
    given = settings.model_copy(update={"checkpoint": str(tmp_path / "weights.pt")})
    fault = "not finite in " if kind in ("nan", "inf") else "of other than plain real numbers: "
    with pytest.raises(WeightsError, match=fault + name):
        import_encoder(given)


def test_a_key_that_is_no_text_is_refused_and_a_long_message_is_cut(tmp_path):
    settings = EncoderSettings(architecture="resnet9", width=0.125)
    given = settings.model_copy(update={"checkpoint": str(tmp_path / "weights.pt")})
    state = build(settings).layers.state_dict()
    torch.save(state | {7: torch.zeros(1)}, tmp_path / "weights.pt")
    with pytest.raises(WeightsError, match="names a tensor 7, a int: names must be text"):
        import_encoder(given)
    torch.save(state | {f"no.{n}": torch.zeros(1) for n in range(999)}, tmp_path / "weights.pt")
    with pytest.raises(WeightsError, match=r"no\.106 and 989 more") as caught:
        import_encoder(given)
    assert len(str(caught.value)) < 500
