"""BYOL (Grill et al. 2020, "Bootstrap Your Own Latent")."""

import copy

import torch
from lightly.loss.negative_cosine_similarity import NegativeCosineSimilarity
from lightly.models.modules.heads import BYOLPredictionHead, BYOLProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.utils.scheduler import cosine_schedule
from torch import Tensor, nn

from ntkcpl.encoders.encoder import Encoder
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.method import Method


class BYOL(Method):
    """BYOL: an online network, and a target network that follows it."""

    def __init__(self, encoder: Encoder, settings: PretrainingSettings) -> None:
        super().__init__()
        width, hidden = settings.projection_width, settings.prediction_width
        self.encoder = encoder
        self.projection = BYOLProjectionHead(encoder.embedding_width, hidden, width)
        self.prediction = BYOLPredictionHead(width, hidden, width)
        self.target_encoder = copy.deepcopy(encoder)
        self.target_projection = copy.deepcopy(self.projection)
        deactivate_requires_grad(self.target_encoder)
        deactivate_requires_grad(self.target_projection)
        self.similarity = NegativeCosineSimilarity()
        self._momentum = settings.target_momentum

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return the symmetric loss, in [-1, 1], and z₁; the paper's (eq. 2) is 4 + 4 of it."""
        z1, z2 = (self.projection(self.encoder(view)) for view in (first, second))
        with torch.no_grad():
            t1, t2 = (self.target_projection(self.target_encoder(v)) for v in (first, second))
        loss = self.similarity(self.prediction(z1), t2)
        return (loss + self.similarity(self.prediction(z2), t1)) / 2, z1

    def trained(self) -> tuple[list[nn.Module], list[nn.Module]]:
        """Return the online network, all of whose rates fall."""
        return [self.encoder, self.projection, self.prediction], []

    def after_step(self, step: int, steps: int) -> None:
        """Let the target follow: its momentum rises to 1 by half a cosine (section 3.3)."""
        momentum = cosine_schedule(step, steps, self._momentum, 1.0)
        update_momentum(self.encoder, self.target_encoder, momentum)
        update_momentum(self.projection, self.target_projection, momentum)
