"""The holdout: random images that people label first, and that no classifier is trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ntkcpl.artifacts.batch import read_ids
from ntkcpl.artifacts.outcomes import Outcome
from ntkcpl.records import Classifier, Features, Taken


@dataclass(frozen=True)
class Holdout:
    """How far people have come with it.

    Attributes
    ----------
    images : list of str
        Ids of those that were drawn and are there, in the order in which they were drawn.
    answers : dict
        Id -> class, None if it was skipped, of those that people have answered.
    undrawn : int
        Images that are still to be drawn.
    gone : int
        Those that were drawn and are no longer there.
    """

    images: list[str]
    answers: dict[str, str | None]
    undrawn: int
    gone: int = 0

    @property
    def missing(self) -> list[str]:
        """The images that nobody has answered."""
        return [image for image in self.images if image not in self.answers]

    @property
    def classes(self) -> list[str]:
        """The classes that occur, sorted."""
        return sorted({label for label in self.answers.values() if label is not None})

    @property
    def is_complete(self) -> bool:
        """Whether all is drawn and answered."""
        return not (self.undrawn or self.missing)


def read_holdout(
    batch: Path,
    number: int,
    answers: Mapping[str, str | None],
    former: Mapping[str, str | None],
) -> Holdout:
    """Compare the images drawn with what people have answered.

    Parameters
    ----------
    batch
        `batch.csv` of the holdout; before it is drawn it may be missing.
    number
        How many images are to be held out; if it was lowered, the first of them.
    answers
        Id -> class, None if it was skipped.
    former
        Each name that an image had before -> its id now, None if it is gone.

    Raises
    ------
    ArtifactError
        If `batch` is unusable.
    """
    drawn = read_ids(batch)[:number] if batch.exists() else []
    images = [now for image in drawn if (now := former.get(image, image)) is not None]
    said = {image: answers[image] for image in images if image in answers}
    return Holdout(images, said, number - len(drawn), len(drawn) - len(images))


def evaluate_holdout(
    features: Features, said: Taken, classifier: Classifier, classes: Sequence[str], round_: int
) -> list[Outcome]:
    """Return what a classifier predicts of the images of the holdout that have a class.

    Parameters
    ----------
    features
        The pool.
    said
        What people said of the holdout.
    classifier
        Of the round.
    classes
        Names of its outputs. Of other classes it cannot be right.
    round_
        Number of the round.
    """
    label = {image: name for image, name in said.answers.items() if name is not None}
    rows = [row for row, image in enumerate(features.id) if image in label]
    images = [features.id[row] for row in rows]
    predicted = classifier.head.predicted(features.embedding[rows])
    held = len(classifier.labelled)
    return [
        Outcome(round_, held, image, label[image], classes[k])
        for image, k in zip(images, predicted, strict=True)
    ]


def draw_holdout(
    ids: Sequence[str],
    drawn: Sequence[str],
    former: Mapping[str, str | None],
    number: int,
    rng: np.random.Generator,
) -> list[str]:
    """Draw images at random, besides those that were drawn before; all but the number stays.

    What has been drawn stays drawn: images that come do not change it, and for ones that go none
    is drawn instead.

    Parameters
    ----------
    ids
        The pool.
    drawn
        What was drawn before, under the names of that time.
    former
        Each name that an image had before -> its id now, None if it is gone.
    number
        How many there shall be with those drawn before.
    rng
        Draws the order of the pool, of which the holdout is the start.

    Returns
    -------
    list of str
        The first `number` of all drawn, under their names now; gone ones under their last.

    Raises
    ------
    ValueError
        If the pool has too few.
    """
    kept = [former.get(image, image) or image for image in drawn[:number]]
    order = [image for row in rng.permutation(len(ids)) if (image := ids[row]) not in kept]
    if len(order) < number - len(kept):
        raise ValueError(
            f"holdout asks for {number} images, but the pool has {len(kept) + len(order)}: lower it"
        )
    return kept + order[: number - len(kept)]
