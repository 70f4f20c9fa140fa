"""The batches of a pretraining: which images, and how their views are drawn."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ntkcpl.image_files import ImageFiles
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.augment import Views, draw_views
from ntkcpl.seeding import torch_generator


class Batch(NamedTuple):
    """Images and the draws for their views.

    Attributes
    ----------
    images : uint8 (B, 3, H, W)
    first, second
        How their two views are drawn.
    """

    images: Tensor
    first: Views
    second: Views


class _Draw(NamedTuple):
    """A batch before its images are read: `rows` of the pool, int64 (B,)."""

    rows: Tensor
    first: Views
    second: Views


class _Draws(Sampler[_Draw]):
    """All that is random about an epoch, drawn by a generator of its own.

    Every device draws for all, and takes its part: so the draws do not depend on their number.
    """

    def __init__(self, n_images: int, settings: PretrainingSettings, rank: int) -> None:
        self._n_images = n_images
        self._settings = settings
        self._rank = rank
        self._size = min(settings.part_size, n_images // settings.parts)
        self.epoch = 0
        self.skipped = 0

    def set_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch, if it is another; Lightning calls this."""
        if epoch != self.epoch:
            self.epoch, self.skipped = epoch, 0

    def __len__(self) -> int:
        """Return the number of batches; all steps take `accumulate` of them."""
        step = self._size * self._settings.parts
        return self._n_images // step * self._settings.accumulate

    def __iter__(self) -> Iterator[_Draw]:
        settings, size = self._settings, self._size
        # Epochs are counted from 1, as in the history.
        generator = torch_generator("pretrain", settings.seed, "epoch", self.epoch + 1)
        order = torch.randperm(self._n_images, generator=generator)
        everywhere = size * settings.devices
        own = slice(self._rank * size, (self._rank + 1) * size)
        for batch in range(len(self)):
            rows = order[batch * everywhere : (batch + 1) * everywhere]
            views = [
                draw_views(len(rows), settings.augmentation, generator, second)
                for second in (False, True)
            ]
            if batch >= self.skipped:
                first, second = (view.of(own) for view in views)
                yield _Draw(rows[own], first, second)


class _Images(Dataset[Batch]):
    """Reads the images of a batch."""

    def __init__(self, images: NDArray[np.uint8] | ImageFiles) -> None:
        self._files = images if isinstance(images, ImageFiles) else None
        self.pixels = None if isinstance(images, ImageFiles) else torch.from_numpy(images)

    def __getitem__(self, draw: _Draw) -> Batch:
        if self._files is None:
            assert self.pixels is not None
            return Batch(self.pixels[draw.rows.to(self.pixels.device)], draw.first, draw.second)
        images = torch.from_numpy(self._files[draw.rows.numpy()])
        return Batch(images, draw.first, draw.second)


class Batches(DataLoader[Batch]):
    """The batches of each epoch, which can go on inside one.

    Images in memory are one tensor, on the device that trains; those in files are decoded by the
    threads of another process, two batches ahead.

    Parameters
    ----------
    images : uint8 (N, 3, H, W)
        The pool.
    settings
        Batch size, seed, augmentation.
    device
        Where images in memory are kept.
    rank
        Which of the devices this is.
    """

    def __init__(
        self,
        images: NDArray[np.uint8] | ImageFiles,
        settings: PretrainingSettings,
        device: torch.device,
        rank: int = 0,
    ) -> None:
        dataset = _Images(images)
        if dataset.pixels is not None:
            dataset.pixels = dataset.pixels.to(device)
        in_files = dataset.pixels is None
        self.draws = _Draws(len(images), settings, rank)
        super().__init__(
            dataset,
            batch_size=None,  # the sampler draws whole batches
            sampler=self.draws,
            num_workers=int(in_files),
            pin_memory=in_files and device.type == "cuda",
        )
        self.done = 0  # batches of this epoch that were trained on; the trainer counts them

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]  # a simpler kind
        """Begin only when the first batch is asked for: Lightning sets the epoch in between."""
        yield from super().__iter__()

    def state_dict(self) -> dict[str, Any]:
        """Return where to go on; Lightning stores it in its checkpoints."""
        if self.done == len(self.draws):
            return {"epoch": self.draws.epoch + 1, "done": 0}
        return {"epoch": self.draws.epoch, "done": self.done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on there."""
        self.draws.epoch, self.draws.skipped = state["epoch"], state["done"]
