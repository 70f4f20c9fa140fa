"""The pretraining loop: epochs, checkpoints, the monitor and the progress bar."""

import csv
import hashlib
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from ntkcpl.artifacts import atomic
from ntkcpl.encoders.embedding import embed
from ntkcpl.encoders.encoder import Encoder
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.augment import augment
from ntkcpl.pretraining.checkpoint import load_checkpoint, save_checkpoint
from ntkcpl.pretraining.monitor import knn_accuracy
from ntkcpl.seeding import torch_generator
from ntkcpl.settings import canonical_json


class PretrainingError(Exception):
    """Pretraining cannot go on; the message is one sentence with the fix."""


class Row(TypedDict):
    """One epoch: from 1 on, mean loss, k-NN accuracy in [0, 1] or NaN, and its seconds."""

    epoch: int
    loss: float
    knn_accuracy: float
    seconds: float


class Method(nn.Module, ABC):
    """A self-supervised method: called with two views, it gives the loss.

    Attributes
    ----------
    encoder
        What is pretrained.
    """

    encoder: Encoder

    @abstractmethod
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the scalar loss of two views, float32 (B, 3, H, W) in [0, 1]."""

    @abstractmethod
    def optimizer(self, settings: PretrainingSettings) -> torch.optim.Optimizer:
        """Return the optimiser of the method's parameters."""

    @abstractmethod
    def set_rate(self, optimizer: torch.optim.Optimizer, done: float) -> None:
        """Set the learning rate for a step, where a share `done` in [0, 1) of all is done."""


def train(
    model: Method,
    images: NDArray[np.uint8],
    label: NDArray[np.int64],
    settings: PretrainingSettings,
    checkpoint: Path,
    progress: bool,
) -> list[Row]:
    """Train `model` in place and return the history; resumes from `checkpoint`.

    Parameters
    ----------
    model
        The method with its initial weights.
    images, label, settings, checkpoint, progress
        As for `ntkcpl.pretraining.simsiam.pretrain`.
    """
    if len(images) < 2:
        raise PretrainingError("pretraining needs at least two images in the pool")
    identity = _identity(model, images, label, settings)
    optimizer = model.optimizer(settings)
    history = _resume(checkpoint, identity, model, optimizer)
    model.train()
    pixels = torch.from_numpy(images)
    with tqdm(
        total=settings.epochs,
        initial=len(history),
        desc="pretrain",
        unit="epoch",
        disable=not progress,
    ) as bar:
        for epoch in range(len(history) + 1, settings.epochs + 1):
            start = time.perf_counter()
            loss = _train_epoch(epoch, model, optimizer, pixels, settings)
            accuracy = math.nan
            if epoch % settings.monitor_every == 0 or epoch == settings.epochs:
                accuracy = knn_accuracy(embed(model.encoder, images), label)
                bar.set_postfix_str(f"loss {loss:.3f}, k-NN {accuracy:.1%}")
            seconds = time.perf_counter() - start
            history.append(Row(epoch=epoch, loss=loss, knn_accuracy=accuracy, seconds=seconds))
            if epoch % settings.checkpoint_every == 0 or epoch == settings.epochs:
                _save(checkpoint, identity, model, optimizer, history)
            bar.update()
    return history


def write_history(path: str | Path, history: Sequence[Row]) -> None:
    """Write `pretrain.csv`, a line an epoch; k-NN accuracy is empty where it was not measured."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(Row.__annotations__), lineterminator="\n")
        writer.writeheader()
        for row in history:
            accuracy = row["knn_accuracy"]
            known = "" if math.isnan(accuracy) else f"{accuracy:.4f}"
            text = {"loss": f"{row['loss']:.6f}", "seconds": f"{row['seconds']:.3f}"}
            writer.writerow({"epoch": row["epoch"], "knn_accuracy": known} | text)


def _train_epoch(
    epoch: int,
    model: Method,
    optimizer: torch.optim.Optimizer,
    pixels: Tensor,
    settings: PretrainingSettings,
) -> float:
    """Train on every image once and return the mean loss."""
    generator = torch_generator("pretrain", settings.seed, "epoch", epoch)
    size = min(settings.batch_size, len(pixels))
    order = torch.randperm(len(pixels), generator=generator)
    batches = order[: len(order) // size * size].view(-1, size)
    losses = torch.zeros(len(batches), dtype=torch.float64)
    for step, rows in enumerate(batches):
        model.set_rate(optimizer, (epoch - 1 + step / len(batches)) / settings.epochs)
        batch = pixels[rows].float().div_(255).contiguous(memory_format=torch.channels_last)
        views = [augment(batch, settings.augmentation, generator) for _ in range(2)]
        loss = model(*views)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses[step] = loss.detach()
    mean = float(losses.mean())
    if not math.isfinite(mean):
        raise PretrainingError(
            f"the loss of epoch {epoch} is {mean}: lower pretraining.learning_rate, "
            f"now {settings.learning_rate}"
        )
    return mean


def _identity(
    model: Method,
    images: NDArray[np.uint8],
    label: NDArray[np.int64],
    settings: PretrainingSettings,
) -> str:
    """Name this pretraining by all that decides its result."""
    data = hashlib.sha256(np.ascontiguousarray(images).data)
    data.update(np.ascontiguousarray(label).data)
    parts: dict[str, Any] = {
        "pretraining": settings.canonical(),
        "encoder": model.encoder.settings.canonical(),
        "data": [list(images.shape), data.hexdigest()],
        "versions": [version("torch"), version("lightly")],
    }
    return canonical_json(parts)


def _save(
    path: Path, identity: str, model: Method, optimizer: torch.optim.Optimizer, rows: list[Row]
) -> None:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "history": rows}
    save_checkpoint(path, identity, state)


def _resume(
    path: Path, identity: str, model: Method, optimizer: torch.optim.Optimizer
) -> list[Row]:
    """Set `model` and `optimizer` to the checkpoint, if there is one, and return its history."""
    state = load_checkpoint(path, identity)
    if state is None:
        return []
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    history: list[Row] = state["history"]
    return history
