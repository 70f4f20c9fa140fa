"""What a person is asked."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Suggestion:
    """What the classifier takes an image for.

    Attributes
    ----------
    label
        The name of the likeliest class.
    probability
        Its probability, in [0, 1].
    """

    label: str
    probability: float


@dataclass(frozen=True)
class Row:
    """One image of a batch.

    Attributes
    ----------
    id
        Its id.
    thumbnail
        The image as JPEG (see `ntkcpl.labels.thumbnails`).
    path
        Its file; None if it has none.
    suggestion
        What the last classifier takes it for; None in the first round.
    """

    id: str
    thumbnail: bytes
    path: Path | None = None
    suggestion: Suggestion | None = None
