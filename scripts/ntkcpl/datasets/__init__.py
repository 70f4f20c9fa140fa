"""The data sets: one file each, whose `load` returns a `Dataset`.

To add one, put a file beside these: its name is the name in the configuration. It holds

- `NEEDS_ROOT`, what the folder `root` must hold, in words; empty if the data set needs no folder;
- `POOL_SIZE` and `TEST_SIZE`, the numbers of images, or None if only the folder tells: then also
  `count_pool(root: Path | None) -> int`, which finds them without decoding any;
- `IN_FILES`, whether each image is a file: then the splits hold `ImageFiles`, of any size;
- `load(root: Path | None, download: bool) -> Dataset`, which raises `DatasetError`;
- where images may come without labels, `load_pool(root: Path | None) -> Dataset`, which puts all
  of them into the pool.

Its heavy imports belong inside `load`: the constants are read whenever the configuration is. A
file whose name begins with _ is no data set.
"""

import importlib
import logging
import pkgutil
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from ntkcpl.refusal import Refusal
from ntkcpl.settings import ImageSize, PathText, Settings

if TYPE_CHECKING:
    from ntkcpl.image_files import ImageFiles

log = logging.getLogger(__name__)
# Broken images that an error names; all of them are in the log.
NAMED = 10


class DatasetError(Refusal):
    """A data set cannot be used; the message is one sentence naming it and the fix."""


@dataclass(frozen=True)
class Split:
    """Images of one split, all of one size.

    Attributes
    ----------
    images : uint8 (N, 3, H, W)
        RGB; grey images have three equal channels. An array, or files that are decoded as their
        rows are asked for.
    label : int64 (N,)
        Classes, -1 where unknown.
    id : list of N str
        File names or data set indices, unique within the split.
    """

    images: "NDArray[np.uint8] | ImageFiles"
    label: NDArray[np.int64]
    id: list[str]

    def contents(self) -> list[str]:
        """Return what tells the images apart whatever they are called: digests of files, or ids."""
        if isinstance(self.images, np.ndarray):
            return self.id
        from ntkcpl.artifacts.files import content_digest

        return [content_digest(path) for path in self.images.paths]

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Split":
        """Return the rows of a mask (N,), or of indices; of files, without decoding them."""
        from ntkcpl.image_files import rows_of

        index = np.arange(len(self.id))[chosen]
        ids = [self.id[i] for i in index]
        return Split(rows_of(self.images, index), self.label[index], ids)


@dataclass(frozen=True)
class Dataset:
    """A pool to select from, a test set to measure on, and the names of the classes.

    An unlabelled pool has neither classes nor test images.

    `skipped` maps the ids of images that were left out, because they are broken, to the reasons.
    """

    pool: Split
    test: Split
    classes: list[str]
    skipped: dict[str, str] = field(default_factory=dict)


class DatasetSettings(Settings):
    """Which images to use."""

    name: str
    """Name of the data set: a file in `ntkcpl/datasets`."""
    root: PathText | None = None
    """Folder of the images, where the data set needs one; relative to the working directory."""
    download: bool = False
    """Whether to download the images to `root` where they are missing."""
    image_size: ImageSize | None = None
    """Height and width to which images in files are resized and cut, 224 by default."""
    on_bad_image: Literal["raise", "skip"] = "raise"
    """Whether images in files that cannot be decoded stop the work or are left out, and listed."""

    subfolders: Literal["classes", "ignored"] = "classes"
    """Whether the subfolders of `imagefolder` are classes; where people label they are ignored."""

    @model_validator(mode="before")
    @classmethod
    def _default_size(cls, values: Any) -> Any:
        known = isinstance(values, dict) and values.get("name") in names()
        if known and _module(values["name"]).IN_FILES:
            size = values.get("image_size")
            return values | {"image_size": 224 if size is None else size}
        return values

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
        if not _module(self.name).IN_FILES and (self.image_size or self.on_bad_image == "skip"):
            raise ValueError(
                f"{self.name} takes neither image_size nor on_bad_image: leave them out"
            )
        if self.subfolders == "ignored" and not hasattr(_module(self.name), "load_pool"):
            raise ValueError(f"{self.name} has no subfolders to ignore: take imagefolder")
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


def pool_size(settings: DatasetSettings) -> int:
    """Return the number of images in the pool, of files including those that are broken.

    Raises
    ------
    DatasetError
        If only the folder tells, and it cannot be used.
    """
    module = _module(settings.name)
    if settings.subfolders == "ignored":
        return len(module.load_pool(_root(settings)).pool.id)
    size: int | None = module.POOL_SIZE
    return module.count_pool(_root(settings)) if size is None else size


def load(settings: DatasetSettings, whole: Collection[str] = ()) -> Dataset:
    """Load the images that `settings` names.

    Parameters
    ----------
    settings
        The data set.
    whole
        Ids of images in files that are known not to be broken.

    Raises
    ------
    DatasetError
        If they are missing or broken, or if what was loaded is no valid `Dataset`. Broken images
        in files are all found first, which decodes each once, and counted; with
        `on_bad_image: skip` they are left out instead.
    """
    dataset = _listed(settings)
    return (
        _without_broken(dataset, settings, {*whole}) if _module(settings.name).IN_FILES else dataset
    )


def load_images(settings: DatasetSettings, ids: list[str]) -> Split:
    """Load some images of the pool, in the order of `ids`; of files, no others are decoded.

    Raises
    ------
    DatasetError
        If the images are missing, or if one is no longer in the pool.
    """
    pool = _listed(settings).pool
    place = {name: row for row, name in enumerate(pool.id)}
    gone = [name for name in ids if name not in place]
    if gone:
        raise DatasetError(
            f"the pool of {settings.name} no longer holds the image {gone[0]}: put it back, or "
            "delete features.h5 and run again"
        )
    return pool.rows(np.array([place[name] for name in ids]))


def _listed(settings: DatasetSettings) -> Dataset:
    """Return the images that `settings` names; of files, none has been decoded."""
    module = _module(settings.name)
    dataset: Dataset
    if settings.subfolders == "ignored":
        dataset = module.load_pool(_root(settings))
    else:
        dataset = module.load(_root(settings), settings.download)
    if settings.image_size is not None:
        dataset = replace(
            dataset,
            pool=_resized(dataset.pool, settings.image_size),
            test=_resized(dataset.test, settings.image_size),
        )
    for name, split, size in (
        ("pool", dataset.pool, module.POOL_SIZE),
        ("test", dataset.test, module.TEST_SIZE),
    ):
        fault = _fault(split, len(dataset.classes), size)
        if fault:
            raise DatasetError(f"the {name} of data set {settings.name} {fault}")
        if _lacks_images(split, dataset):
            raise DatasetError(f"the {name} of data set {settings.name} is empty")
    if dataset.pool.images.shape[1:] != dataset.test.images.shape[1:]:
        raise DatasetError(f"pool and test images of {settings.name} differ in size")
    return dataset


def _root(settings: DatasetSettings) -> Path | None:
    return None if settings.root is None else Path(settings.root).expanduser()


def _resized(split: Split, size: int) -> Split:
    assert not isinstance(split.images, np.ndarray)
    return replace(split, images=replace(split.images, size=size))


def _without_broken(dataset: Dataset, settings: DatasetSettings, whole: set[str]) -> Dataset:
    """Return a data set in files without those that cannot be decoded, if that is allowed."""
    kept: list[NDArray[np.bool_]] = []
    broken: dict[str, str] = {}
    for split in (dataset.pool, dataset.test):
        assert not isinstance(split.images, np.ndarray)
        unsure = np.array([r for r, name in enumerate(split.id) if name not in whole], dtype=int)
        found = replace(split.images, paths=split.images.paths_of(unsure)).broken()
        faults = {int(unsure[row]): reason for row, reason in found.items()}
        kept.append(~np.isin(np.arange(len(split.id)), list(faults)))
        broken |= {str(split.images.paths[row]): reason for row, reason in faults.items()}
    if not broken:
        return dataset
    for path, reason in broken.items():
        log.warning("%s cannot be decoded: %s", path, reason)
    number = len(dataset.pool.id) + len(dataset.test.id)
    if settings.on_bad_image == "raise":
        named = "; ".join(f"{path} ({reason})" for path, reason in list(broken.items())[:NAMED])
        raise DatasetError(
            f"{len(broken)} of the {number} images of {settings.name} cannot be decoded: {named}"
            f"{'; …' if len(broken) > NAMED else ''}: mend or remove them, or set "
            "on_bad_image: skip"
        )
    log.warning("%d of %d images are left out", len(broken), number)
    pool, test = dataset.pool.rows(kept[0]), dataset.test.rows(kept[1])
    left = Dataset(pool, test, dataset.classes, skipped=broken)
    if any(_lacks_images(split, left) for split in (pool, test)):
        raise DatasetError(f"no image of {settings.name} is left that can be decoded")
    return left


def _lacks_images(split: Split, dataset: Dataset) -> bool:
    """Return whether a split is empty that must not be; without classes there is no test set."""
    return not len(split.id) and (split is dataset.pool or len(dataset.classes) > 0)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")


def _fault(split: Split, n_classes: int, size: int | None) -> str:
    """Say what is wrong with `split`, or nothing."""
    images, label, ids = split.images, split.label, split.id
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 3:
        return f"has images {images.dtype}{images.shape}, expected uint8 (N, 3, H, W)"
    if label.dtype != np.int64 or label.shape != (len(images),):
        return f"has labels {label.dtype}{label.shape}, expected int64 ({len(images)},)"
    if size is not None and len(images) != size:
        return f"holds {len(images)} images, expected {size}"
    if label.min(initial=-1) < -1 or label.max(initial=-1) >= n_classes:
        return f"has labels outside -1 to {n_classes - 1}"
    if len(ids) != len(images) or len(set(ids)) != len(ids):
        return f"needs {len(images)} different ids"
    return ""
