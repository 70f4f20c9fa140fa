"""The data sets: one file each, whose `load` returns a `Dataset`.

To add one, put a file beside these: its name is the name in the configuration. It holds

- `NEEDS_ROOT`, what the folder `root` must hold, in words; empty if the data set needs no folder;
- `POOL_SIZE` and `TEST_SIZE`, the numbers of images, or None if only reading them tells;
- `load(root: Path | None, download: bool) -> Dataset`, which raises `DatasetError`.

Its heavy imports belong inside `load`: the constants are read whenever the configuration is. A
file whose name begins with _ is no data set.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from ntkcpl.settings import Settings


class DatasetError(Exception):
    """A data set cannot be used; the message is one sentence naming it and the fix."""


@dataclass(frozen=True)
class Split:
    """Images of one split, all of one size.

    Attributes
    ----------
    images : uint8 (N, 3, H, W)
        RGB; grey images have three equal channels.
    label : int64 (N,)
        Classes, -1 where unknown.
    id : list of N str
        File names or data set indices, unique within the split.
    """

    images: NDArray[np.uint8]
    label: NDArray[np.int64]
    id: list[str]


@dataclass(frozen=True)
class Dataset:
    """A pool to select from, a test set to measure on, and the names of the classes."""

    pool: Split
    test: Split
    classes: list[str]


class DatasetSettings(Settings):
    """Which images to use."""

    name: str
    """Name of the data set: a file in `ntkcpl/datasets`."""
    root: str | None = None
    """Folder of the images, where the data set needs one; relative to the working directory."""
    download: bool = False
    """Whether to download the images to `root` where they are missing."""

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in names():
            raise ValueError(
                f"there is no data set {name!r}; the data sets are {', '.join(names())}"
            )
        return name

    @model_validator(mode="after")
    def _root_fits(self) -> Self:
        needed = _module(self.name).NEEDS_ROOT
        if not needed:
            if self.root is not None or self.download:
                raise ValueError(f"{self.name} takes neither root nor download: leave them out")
        elif self.root is None:
            raise ValueError(f"{self.name} needs root, a folder that holds {needed}")
        elif not self.download and not Path(self.root).expanduser().is_dir():
            raise ValueError(
                f"root {self.root} is no folder: make it and put in {needed}, or set download: true"
            )
        return self


def names() -> list[str]:
    """Return the names of all data sets."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in modules if not name.startswith("_"))


def pool_size(settings: DatasetSettings) -> int | None:
    """Return the number of images in the pool, or None if only reading them tells."""
    size: int | None = _module(settings.name).POOL_SIZE
    return size


def load(settings: DatasetSettings) -> Dataset:
    """Load the images that `settings` names.

    Raises
    ------
    DatasetError
        If they are missing or broken, or if what was loaded is no valid `Dataset`.
    """
    root = None if settings.root is None else Path(settings.root).expanduser()
    module = _module(settings.name)
    dataset: Dataset = module.load(root, settings.download)
    for name, split, size in (
        ("pool", dataset.pool, module.POOL_SIZE),
        ("test", dataset.test, module.TEST_SIZE),
    ):
        fault = _fault(split, len(dataset.classes), size)
        if fault:
            raise DatasetError(f"the {name} of data set {settings.name} {fault}")
    if dataset.pool.images.shape[1:] != dataset.test.images.shape[1:]:
        raise DatasetError(f"pool and test images of {settings.name} differ in size")
    return dataset


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")


def _fault(split: Split, n_classes: int, size: int | None) -> str:
    """Say what is wrong with `split`, or nothing."""
    images, label, ids = split.images, split.label, split.id
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 3:
        return f"has images {images.dtype}{images.shape} where uint8 (N, 3, H, W) is due"
    if label.dtype != np.int64 or label.shape != (len(images),):
        return f"has labels {label.dtype}{label.shape} where int64 ({len(images)},) is due"
    if len(images) == 0:
        return "is empty"
    if size is not None and len(images) != size:
        return f"holds {len(images)} images where {size} are due"
    if label.min() < -1 or label.max() >= n_classes:
        return f"has labels outside -1 to {n_classes - 1}"
    if len(ids) != len(images) or len(set(ids)) != len(ids):
        return f"needs {len(images)} different ids"
    return ""
