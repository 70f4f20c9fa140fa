"""SimSiam (Chen and He 2021, "Exploring Simple Siamese Representation Learning")."""

from lightly.loss.negative_cosine_similarity import NegativeCosineSimilarity
from lightly.models.modules.heads import SimSiamPredictionHead, SimSiamProjectionHead
from torch import Tensor, nn

from ntkcpl.encoders.encoder import Encoder
from ntkcpl.pretraining import PretrainingSettings
from ntkcpl.pretraining.method import Method


class SimSiam(Method):
    """SimSiam: encoder, projection head and prediction head."""

    def __init__(self, encoder: Encoder, settings: PretrainingSettings) -> None:
        super().__init__()
        width, bottleneck = settings.projection_width, settings.prediction_width
        self.encoder = encoder
        self.projection = SimSiamProjectionHead(encoder.embedding_width, width, width)
        self.prediction = SimSiamPredictionHead(width, bottleneck, width)
        self.similarity = NegativeCosineSimilarity()

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return the symmetric loss (eq. 4 of the paper), a scalar in [-1, 1], and z₁."""
        z1, z2 = (self.projection(self.encoder(view)) for view in (first, second))
        loss = self.similarity(self.prediction(z1), z2.detach())
        return (loss + self.similarity(self.prediction(z2), z1.detach())) / 2, z1

    def trained(self) -> tuple[list[nn.Module], list[nn.Module]]:
        """Return encoder and projection head; the prediction head, which keeps its rate.

        So it stays adapted to the latest representations (section 4.2 of the paper).
        """
        return [self.encoder, self.projection], [self.prediction]
