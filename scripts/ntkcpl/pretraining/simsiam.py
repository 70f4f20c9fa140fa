"""SimSiam (Chen and He 2021, "Exploring Simple Siamese Representation Learning")."""

import math
from pathlib import Path

import numpy as np
import torch
from lightly.loss.negative_cosine_similarity import NegativeCosineSimilarity
from lightly.models.modules.heads import SimSiamPredictionHead, SimSiamProjectionHead
from numpy.typing import NDArray
from torch import Tensor

from ntkcpl.encoders import EncoderSettings
from ntkcpl.encoders.encoder import Encoder, build
from ntkcpl.encoders.threads import fixed_threads
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.loop import Method, Row, train
from ntkcpl.seeding import seed_of


class SimSiam(Method):
    """SimSiam: encoder, projection head and prediction head."""

    def __init__(self, encoder: Encoder, settings: PretrainingSettings) -> None:
        super().__init__()
        width, bottleneck = settings.projection_width, settings.prediction_width
        self.encoder = encoder
        self.projection = SimSiamProjectionHead(encoder.embedding_width, width, width)
        self.prediction = SimSiamPredictionHead(width, bottleneck, width)
        self.similarity = NegativeCosineSimilarity()

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the symmetric loss (eq. 4 of the paper), a scalar in [-1, 1]."""
        z1, z2 = (self.projection(self.encoder(view)) for view in (first, second))
        loss = self.similarity(self.prediction(z1), z2.detach())
        return (loss + self.similarity(self.prediction(z2), z1.detach())) / 2

    def optimizer(self, settings: PretrainingSettings) -> torch.optim.Optimizer:
        """Return SGD; its first group holds encoder and projection head."""
        base = settings.learning_rate * settings.batch_size / 256
        body = [*self.encoder.parameters(), *self.projection.parameters()]
        return torch.optim.SGD(
            [{"params": body}, {"params": list(self.prediction.parameters())}],
            lr=base,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )

    def set_rate(self, optimizer: torch.optim.Optimizer, done: float) -> None:
        """Let the rate of encoder and projection head fall by a cosine.

        The prediction head keeps its own, which is also the first group's first: it should stay
        adapted to the latest representations (section 4.2 of the paper).
        """
        body, prediction = optimizer.param_groups
        body["lr"] = prediction["lr"] * (1 + math.cos(math.pi * done)) / 2


def pretrain(
    images: NDArray[np.uint8],
    label: NDArray[np.int64],
    settings: PretrainingSettings,
    encoder_settings: EncoderSettings,
    checkpoint: Path,
    progress: bool = True,
) -> tuple[Encoder, list[Row]]:
    """Pretrain an encoder by SimSiam; goes on from `checkpoint` if it is of the same pretraining.

    However often it was killed, encoder and history (seconds apart) are those of an undisturbed
    run, bit by bit: every epoch's draws are seeded by the epoch.

    Parameters
    ----------
    images : uint8 (N, 3, H, W)
        The pool.
    label : int64 (N,)
        Classes, -1 where unknown; for the k-NN monitor only.
    settings, encoder_settings
        What to do.
    checkpoint
        Where to store the state every `checkpoint_every` epochs. It stays there: call
        `remove_checkpoint` once the encoder is saved.
    progress
        Whether to show a progress bar on stderr.

    Returns
    -------
    encoder, history
        The encoder in evaluation mode, and a row for each epoch.

    Raises
    ------
    PretrainingError
        If there are fewer than two images, or if the loss is no longer finite.
    """
    with fixed_threads(settings.threads):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("pretrain", settings.seed, "weights"))
            model = SimSiam(build(encoder_settings), settings)
        model.to(memory_format=torch.channels_last)  # twice as fast on CPU
        history = train(model, images, label, settings, checkpoint, progress)
    return model.encoder.eval(), history
