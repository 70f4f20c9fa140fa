"""ResNets for small images, by lightly, without their classifier."""

import torch
from lightly.models.resnet import ResNetGenerator
from torch import Tensor, nn

from ntkcpl.encoders import EncoderSettings

# Per-channel mean and standard deviation of ImageNet's training images, in [0, 1]: the usual
# fixed numbers. The batch normalisation behind them makes up for any other data set's.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class Encoder(nn.Module):
    """Maps images to embeddings; the one place where pixels are normalised.

    Attributes
    ----------
    settings
        What the encoder was built from.
    embedding_width
        Entries of an embedding, D.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        name = settings.architecture.replace("resnet", "resnet-")
        resnet = ResNetGenerator(name, width=settings.width)
        self.settings = settings
        self.embedding_width: int = resnet.linear.in_features
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        self.layers = nn.Sequential(
            *(resnet.conv1, resnet.bn1, nn.ReLU(inplace=True)),
            *(resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the embeddings, float32 (B, D).

        Parameters
        ----------
        images : (B, 3, H, W)
            uint8 in [0, 255] or float32 in [0, 1]; any H and W from 1 on.
        """
        if images.dtype == torch.uint8:
            images = images.float() / 255
        embedding: Tensor = self.layers((images - self.mean) / self.std)
        return embedding


def build(settings: EncoderSettings) -> Encoder:
    """Return the encoder that `settings` describes, its weights drawn from torch's global state."""
    return Encoder(settings)
