"""Builds encoders from the libraries that have them, without their classifiers."""

from collections import OrderedDict
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ntkcpl.encoders import PRETRAINED, SCALED, TIMM, EncoderSettings

# Per-channel mean and standard deviation of ImageNet's training images, in [0, 1]: the usual
# fixed numbers. The batch normalisation behind them makes up for any other data set's.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class Network(NamedTuple):
    """Layers from normalised pixels to the embedding, and what they expect.

    Attributes
    ----------
    layers, width
        The network, and the number of entries of an embedding.
    mean, std
        How pixels in [0, 1] are normalised, per channel.
    size
        Height and width of the images it was made for, None if any will do.
    """

    layers: nn.Module
    width: int
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    size: tuple[int, int] | None = None


class Encoder(nn.Module):
    """Maps images to embeddings; the one place where pixels are normalised.

    Attributes
    ----------
    settings
        What the encoder was built from, without where its weights come from: they are in it now.
    embedding_width
        Entries of an embedding, D.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        network = _network(settings)
        self.settings = settings.network
        self.embedding_width = network.width
        self._size = network.size
        self.register_buffer("mean", torch.tensor(network.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(network.std).view(1, 3, 1, 1))
        self.layers = network.layers

    def forward(self, images: Tensor) -> Tensor:
        """Return the embeddings, float32 (B, D).

        Parameters
        ----------
        images : (B, 3, H, W)
            uint8 in [0, 255] or float32 in [0, 1]; any H and W from 1 on. A network that was made
            for images of one size sees them resized to it.
        """
        if images.dtype == torch.uint8:
            images = images.float() / 255
        if self._size is not None and images.shape[2:] != self._size:
            images = F.interpolate(images, self._size, mode="bicubic", antialias=True).clamp(0, 1)
        embedding: Tensor = self.layers((images - self.mean) / self.std)
        return embedding


def build(settings: EncoderSettings) -> Encoder:
    """Return the encoder that `settings` describes, its weights drawn from torch's global state.

    Only where they are to be `pretrained` are they timm's.
    """
    return Encoder(settings)


def _network(settings: EncoderSettings) -> Network:
    if settings.architecture in SCALED:
        return _small_resnet(settings)
    if settings.architecture == "wrn-28-8":
        from ntkcpl.encoders.wide_resnet import wide_resnet

        return Network(wide_resnet(28, 8), 512)
    if settings.architecture == "resnet50":
        from torchvision.models import resnet50

        layers = resnet50()
        layers.fc = nn.Identity()
        return Network(layers, 2048)
    return _timm(settings)


def _small_resnet(settings: EncoderSettings) -> Network:
    """Return a ResNet by lightly, with a stem for small images."""
    from lightly.models.resnet import ResNetGenerator

    name = settings.architecture.replace("resnet", "resnet-")
    resnet = ResNetGenerator(name, width=settings.width)
    stem = OrderedDict(conv1=resnet.conv1, bn1=resnet.bn1, relu=nn.ReLU(inplace=True))
    layers = {name: getattr(resnet, name) for name in ("layer1", "layer2", "layer3", "layer4")}
    pooled = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    return Network(nn.Sequential(stem | layers | pooled), resnet.linear.in_features)


def _timm(settings: EncoderSettings) -> Network:
    import timm
    from timm.data import resolve_data_config

    model = timm.create_model(
        settings.network.architecture.removeprefix(TIMM),
        pretrained=settings.checkpoint == PRETRAINED,
        num_classes=0,  # no classifier: pooled features
    )
    expected = resolve_data_config({}, model=model)
    return Network(
        # In the order of pixels in which convolutions are fastest; half the time on a CPU.
        model.to(memory_format=torch.channels_last),
        int(model.head_hidden_size),  # type: ignore[arg-type]  # attributes of modules are Any
        tuple(expected["mean"]),
        tuple(expected["std"]),
        expected["input_size"][1:],
    )
