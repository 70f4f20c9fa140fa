"""What happens beside the training: the history, the monitor, the progress bar, checkpoints."""

import logging
import math
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from lightly.utils.debug import std_of_l2_normalized
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from ntkcpl.encoders.embedding import embed
from ntkcpl.encoders.quality import knn_accuracy
from ntkcpl.image_files import ImageFiles
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.batches import Batches
from ntkcpl.pretraining.history import Row
from ntkcpl.pretraining.method import Method
from ntkcpl.refusal import Refusal

log = logging.getLogger(__name__)

COLLAPSED = 0.2  # of `Row.output_std`, below which there is a warning


class PretrainingError(Refusal):
    """Pretraining cannot go on; the message is one sentence with the fix."""


class Interrupted(Exception):
    """The process got SIGTERM while it pretrained; the message says where the next one goes on."""


class Monitor(lightning.Callback):
    """Keeps the history of a pretraining, measures how good it is, and shows how far it is.

    Attributes
    ----------
    history
        A row for each epoch that is done.
    """

    def __init__(
        self,
        images: NDArray[np.uint8] | ImageFiles,
        label: NDArray[np.int64],
        settings: PretrainingSettings,
        progress: bool,
    ) -> None:
        self.history: list[Row] = []
        self._images = images
        self._label = label
        self._settings = settings
        self._progress = progress
        self._losses: list[Tensor] = []
        self._projection = torch.empty(0)
        self._started = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        losses = [loss.cpu() for loss in self._losses]
        return {"history": [dict(row) for row in self.history], "losses": losses}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.history = state_dict["history"]
        self._losses = state_dict["losses"]

    def on_fit_start(self, trainer: lightning.Trainer, *_: object) -> None:
        """Show the bar."""
        self._bar = tqdm(
            total=self._settings.epochs,
            initial=len(self.history),
            desc="pretrain",
            unit="epoch",
            disable=not (self._progress and trainer.is_global_zero),
        )

    def teardown(self, *_: object, **__: object) -> None:
        """Close the bar."""
        self._bar.close()

    def on_train_epoch_start(self, *_: object) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        outputs: Any,
        *_: object,
    ) -> None:
        """Keep the loss, where it is: to look at it would wait for the device."""
        # Lightning has divided it by the number of parts of a step.
        self._losses.append(outputs["loss"].detach() * self._settings.accumulate)
        self._projection = outputs["projection"]

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Add a row to the history."""
        losses = torch.stack([loss.to(module.device) for loss in self._losses]).double()
        loss = float(trainer.strategy.reduce(losses.mean(), reduce_op="mean"))
        self._losses = []
        epoch = len(self.history) + 1
        if not math.isfinite(loss):
            raise PretrainingError(
                f"the loss of epoch {epoch} is {loss}: lower pretraining.learning_rate, "
                f"now {self._settings.learning_rate}"
            )
        row = Row(
            epoch=epoch,
            loss=loss,
            output_std=self._output_std(),
            knn_accuracy=self._knn_accuracy(epoch, trainer, module),
            seconds=time.perf_counter() - self._started,
        )
        self.history.append(row)
        if row["output_std"] < COLLAPSED:
            log.warning(
                "epoch %d: the projections are all but equal (their spread is %.2f of what it "
                "could be): the pretraining has collapsed or is about to",
                epoch,
                row["output_std"],
            )
        for logger in trainer.loggers:
            numbers = {name: float(value) for name, value in row.items()}  # type: ignore[arg-type]
            known = {name: value for name, value in numbers.items() if not math.isnan(value)}
            logger.log_metrics(known, step=epoch)
        self._bar.set_postfix_str(_summary(self.history))
        self._bar.update()

    def _output_std(self) -> float:
        """Return `Row.output_std` of the last batch."""
        projection = self._projection.float()
        return float(std_of_l2_normalized(projection)) * math.sqrt(projection.shape[1])

    def _knn_accuracy(
        self, epoch: int, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> float:
        """Return the k-NN accuracy where it is due, else NaN."""
        due = self._settings.is_due(epoch, self._settings.monitor_every)
        if not due or not trainer.is_global_zero:
            return math.nan
        method = module.method
        assert isinstance(method, Method)
        return knn_accuracy(embed(method.encoder, self._images), self._label)


class Checkpoints(lightning.Callback):
    """Saves all that a pretraining needs to go on: every few epochs, and on SIGTERM."""

    def __init__(self, path: Path, settings: PretrainingSettings) -> None:
        self._path = path
        self._settings = settings
        self._is_told_to_stop = False

    def on_train_start(self, *_: object) -> None:
        """Take note of SIGTERM, and no more, until the batch is done.

        Lightning's handler, in whose place this one is, talks to the other processes at once, who
        are in the middle of a step and may wait for ever. At the end Lightning puts back what was
        there before its own.
        """
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: object) -> None:
        self._is_told_to_stop = True

    def on_train_epoch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Save where it is due, or after SIGTERM, which ends all processes unless all is done."""
        epoch, told = trainer.current_epoch + 1, self._is_any_told(trainer)
        if told or self._settings.is_due(epoch, self._settings.checkpoint_every):
            trainer.save_checkpoint(self._path)
        if told and epoch < self._settings.epochs:
            raise self._interrupted()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Save and end all processes after SIGTERM to any; of the last batch, with its epoch."""
        batches = trainer.train_dataloader
        assert isinstance(batches, Batches)
        batches.done = batch_idx + 1
        if batches.done < trainer.num_training_batches and self._is_any_told(trainer):
            trainer.save_checkpoint(self._path)
            raise self._interrupted()

    def _is_any_told(self, trainer: lightning.Trainer) -> bool:
        return trainer.strategy.reduce_boolean_decision(self._is_told_to_stop, all=False)

    def _interrupted(self) -> Interrupted:
        return Interrupted(f"told to stop: the next run goes on from {self._path}")


def _summary(history: list[Row]) -> str:
    """Return the last loss and the last k-NN accuracy, in a few words."""
    words = f"loss {history[-1]['loss']:.3f}"
    measured = [row["knn_accuracy"] for row in history if not math.isnan(row["knn_accuracy"])]
    return words + (f", k-NN {measured[-1]:.1%}" if measured else "")
