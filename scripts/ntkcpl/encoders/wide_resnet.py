"""Wide ResNets for small images (Zagoruyko and Komodakis 2016), without their classifier."""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """Two 3x3 convolutions, each after a batch norm and a ReLU, and a shortcut around them."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(width_in)
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.shortcut: nn.Conv2d | None = None
        if width_in != width or stride != 1:
            self.shortcut = nn.Conv2d(width_in, width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C, H / stride, W / stride)."""
        active = F.relu(self.bn1(x))
        residual: Tensor = self.conv2(F.relu(self.bn2(self.conv1(active))))
        # Where the shape changes, the shortcut too starts from the active units.
        return residual + (x if self.shortcut is None else self.shortcut(active))


def wide_resnet(depth: int, factor: int) -> nn.Sequential:
    """Return WRN-depth-factor up to its pooled features, of which there are 64 x factor.

    Parameters
    ----------
    depth
        Convolutions, 6 n + 4 for n blocks in each of the three groups.
    factor
        How many times wider than a ResNet the groups are (k).
    """
    if (depth - 4) % 6:
        raise ValueError(f"depth must be 6 n + 4, but is {depth}")
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(3, 16, 3, padding=1, bias=False)
    )
    width = 16
    for group in range(3):
        blocks = []
        for number in range((depth - 4) // 6):
            wider = 16 * factor * 2**group
            blocks.append(Block(width, wider, stride=2 if group and not number else 1))
            width = wider
        layers[f"group{group + 1}"] = nn.Sequential(*blocks)
    layers |= OrderedDict(bn=nn.BatchNorm2d(width), relu=nn.ReLU(inplace=True))
    layers |= OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    for module in (m for layer in layers.values() for m in layer.modules()):
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(layers)
