"""Simulated people, who know the truth but err, skip and stop early."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ntkcpl.seeding import numpy_generator


@dataclass(frozen=True)
class Person:
    """Someone who labels; asked of an image again, says the same again.

    Attributes
    ----------
    name
        People of different names err and skip at different images.
    truth
        Image -> class.
    wrong
        Share of the answers that are another class, all being equally likely.
    skips
        Share of the images that are skipped.
    """

    name: str
    truth: Mapping[str, str]
    wrong: float = 0.0
    skips: float = 0.0

    def answer(self, images: Iterable[str], most: int | None = None) -> dict[str, str | None]:
        """Return image -> class, None if it is skipped, of all images or the first `most`."""
        return {image: self._say(image) for image in list(images)[:most]}

    def _say(self, image: str) -> str | None:
        rng = numpy_generator("person", self.name, image)
        skips, errs = rng.random(2)
        if skips < self.skips:
            return None
        right = self.truth[image]
        others = sorted({*self.truth.values()} - {right})
        return others[rng.integers(len(others))] if errs < self.wrong else right
