"""Pretraining under Lightning's Trainer: epochs, checkpoints, the monitor and the logs."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from numpy.typing import NDArray
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.plugins.environments import LightningEnvironment
from torch import Tensor

from ntkcpl.devices import default_device, fixed_threads
from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import Encoder, build
from ntkcpl.image_files import ImageFiles
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.augment import apply_views
from ntkcpl.pretraining.batches import Batch, Batches
from ntkcpl.pretraining.byol import BYOL
from ntkcpl.pretraining.callbacks import Checkpoints, Monitor, PretrainingError
from ntkcpl.pretraining.checkpoint import IDENTITY, SealedCheckpoints, find_checkpoint
from ntkcpl.pretraining.history import Row
from ntkcpl.pretraining.method import Method, new_optimizer, set_rate
from ntkcpl.pretraining.simsiam import SimSiam
from ntkcpl.seeding import seed_of
from ntkcpl.settings import canonical_json

# Images in files are kept in memory up to this height and width, in pixels.
SMALL = 64

METHODS: dict[str, type[Method]] = {"simsiam": SimSiam, "byol": BYOL}


def pretrain(
    images: NDArray[np.uint8] | ImageFiles,
    label: NDArray[np.int64],
    settings: PretrainingSettings,
    encoder_settings: EncoderSettings,
    checkpoint: Path,
    log_folder: Path | None = None,
    progress: bool = True,
) -> tuple[Encoder, list[Row]]:
    """Pretrain an encoder; goes on from `checkpoint` if it is of the same pretraining.

    However often it was killed, encoder and history (seconds apart) are those of an undisturbed
    run, on a CPU bit by bit: every epoch's draws are seeded by the epoch.

    Parameters
    ----------
    images : uint8 (N, 3, H, W)
        The pool; views have its height and width. Images in files of more than `SMALL` pixels are
        decoded when they are needed.
    label : int64 (N,)
        Classes, -1 where unknown; for the k-NN monitor only.
    settings, encoder_settings
        What to do.
    checkpoint
        Where to store the state every `checkpoint_every` epochs, and on SIGTERM; the one before
        stays beside it. They stay there: call `remove_checkpoint` once the encoder is saved.
    log_folder
        Where to write TensorBoard's log, if anywhere.
    progress
        Whether to show a progress bar on stderr.

    Returns
    -------
    encoder, history
        The encoder in evaluation mode, and a row for each epoch. For each further device Lightning
        runs the caller's script once more: there they are returned too, without k-NN accuracies.

    Raises
    ------
    PretrainingError
        If there are fewer than two images for each part of a step, or if the loss is no longer
        finite.
    Interrupted
        In all processes, after SIGTERM to any of them, once the state is stored.
    """
    if len(images) < 2 * settings.parts:
        at_least = "two" if settings.parts == 1 else f"{2 * settings.parts}"
        raise PretrainingError(f"pretraining needs at least {at_least} images in the pool")
    source = images
    if isinstance(images, ImageFiles):
        size = settings.source_size or images.size
        source = _in_memory(replace(images, size=size))
        images = source if size == images.size else _in_memory(images)
    with fixed_threads(settings.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("pretrain", settings.seed, "weights"))
        method = METHODS[settings.method](build(encoder_settings), settings)
        method.to(memory_format=torch.channels_last)  # twice as fast on CPU
        identity = _identity(method, images, label, settings)
        monitor = Monitor(images, label, settings, progress)
        trainer = _trainer(settings, [monitor, Checkpoints(checkpoint, settings)], log_folder)
        resumed = find_checkpoint(checkpoint, identity)
        module = Pretraining(method, source, images.shape[2:], settings, identity)
        trainer.fit(module, ckpt_path=resumed, weights_only=True)
    return method.encoder.eval().cpu(), monitor.history


def _in_memory(files: ImageFiles) -> NDArray[np.uint8] | ImageFiles:
    """Return images in memory if they are small, else the files."""
    return files[:] if files.size <= SMALL else files


class Pretraining(lightning.LightningModule):
    """A self-supervised method, as Lightning trains it."""

    def __init__(
        self,
        method: Method,
        images: NDArray[np.uint8] | ImageFiles,
        view_size: tuple[int, int],
        settings: PretrainingSettings,
        identity: str,
    ) -> None:
        super().__init__()
        self.method = method
        self._images = images
        self._view_size = view_size
        self._settings = settings
        self._identity = identity

    def train_dataloader(self) -> Batches:
        """Return the batches of this device."""
        return Batches(self._images, self._settings, self.device, self.global_rank)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser."""
        return new_optimizer(self.method, self._settings)

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: torch.optim.Optimizer | LightningOptimizer,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Take a step at the rate of its time, and let the method do what follows it."""
        batches = int(self.trainer.num_training_batches)
        raw = optimizer.optimizer if isinstance(optimizer, LightningOptimizer) else optimizer
        set_rate(raw, self._settings, (epoch + batch_idx / batches) / self._settings.epochs)
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        steps = batches // self._settings.accumulate * self._settings.epochs
        self.method.after_step(self.trainer.global_step, steps)

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Return the loss of a batch, and the projections of its first views."""
        images = batch.images.float().div_(255).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, enabled=False):  # pixels in full precision
            views = [
                apply_views(images, draws, self._view_size) for draws in (batch.first, batch.second)
            ]
        loss, projection = self.method(*views)
        return {"loss": loss, "projection": projection.detach()}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Name the pretraining by all that decides its result."""
        checkpoint[IDENTITY] = self._identity


def _trainer(
    settings: PretrainingSettings, callbacks: list[lightning.Callback], log_folder: Path | None
) -> lightning.Trainer:
    device = default_device()
    # A line for each thing that Lightning finds worth knowing, of which none is news here.
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    return lightning.Trainer(
        accelerator=device,
        devices=settings.devices,
        strategy="auto" if settings.devices == 1 else "ddp",
        sync_batchnorm=settings.devices > 1 and device == "cuda",
        use_distributed_sampler=False,  # `Batches` is distributed
        precision=settings.precision,
        accumulate_grad_batches=settings.accumulate,
        max_epochs=settings.epochs,
        callbacks=callbacks,
        logger=TensorBoardLogger(log_folder, name=None) if log_folder else False,
        # Ours is one file, which belongs to one pretraining.
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,  # there is a line an epoch
        # Lightning would start processes, and requeue, by SLURM's variables.
        plugins=[LightningEnvironment(), SealedCheckpoints()],
    )


def _identity(
    method: Method,
    images: NDArray[np.uint8] | ImageFiles,
    label: NDArray[np.int64],
    settings: PretrainingSettings,
) -> str:
    """Name a pretraining by all that decides its result."""
    if isinstance(images, ImageFiles):
        data = hashlib.sha256("\n".join(map(str, images.paths)).encode())
    else:
        data = hashlib.sha256(np.ascontiguousarray(images).data)
    data.update(np.ascontiguousarray(label).data)
    parts: dict[str, Any] = {
        "pretraining": settings.canonical(),
        "encoder": method.encoder.settings.canonical(),
        "data": [list(images.shape), data.hexdigest()],
        "versions": [version("torch"), version("lightly"), version("pytorch-lightning")],
    }
    return canonical_json(parts)
