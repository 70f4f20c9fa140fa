"""A folder of class folders into which a person dragged copies of images."""

from functools import cached_property
from pathlib import Path

from ntkcpl.artifacts.files import ArtifactError, content_digest
from ntkcpl.labels.answers import Collector


class Originals:
    """Finds the image of which a file is a copy: by its name, else by its content.

    Parameters
    ----------
    collector
        It knows the ids.
    root
        The folder to which the ids are relative; None if the images are not at hand.
    """

    def __init__(self, collector: Collector, root: Path | None):
        self._collector = collector
        self._root = root

    @property
    def at_hand(self) -> bool:
        """Whether contents can be compared."""
        return self._root is not None

    def of(self, copy: Path) -> list[str]:
        """Return the ids that a copy may be of; several if all the same.

        Without the images at hand, several are those that have its name.
        """
        namesakes = self._collector.named(copy.name)
        if len(namesakes) == 1 or self._root is None:
            return namesakes
        candidates = namesakes or self._by_size.get(copy.stat().st_size, [])
        return [image for image in candidates if self._same(copy, self._root / image)]

    @cached_property
    def _by_size(self) -> dict[int, list[str]]:
        sizes: dict[int, list[str]] = {}
        for image in sorted(self._collector.ids):
            path = self._root / image if self._root is not None else None
            if path is not None and path.is_file():
                sizes.setdefault(path.stat().st_size, []).append(image)
        return sizes

    def _same(self, one: Path, other: Path) -> bool:
        return (
            other.is_file()
            and one.stat().st_size == other.stat().st_size
            and content_digest(one) == content_digest(other)
        )


def read_copy(path: Path, originals: Originals, collector: Collector) -> None:
    """Hand to `collector` the image of which `path` is a copy; its class is its folder's name."""
    try:
        images = originals.of(path)
    except (ArtifactError, OSError) as error:
        collector.faults.append(f"{path} cannot be compared ({error}): copy it again")
        return
    if not images:
        collector.faults.append(
            f"{path} is no copy of any of the images, neither by name nor by content: move it away"
        )
    elif len(images) > 1 and not originals.at_hand:
        collector.faults.append(
            f"{path} may be a copy of {' or '.join(map(repr, images))}: say in a CSV file which"
        )
    else:
        for image in images:
            collector.add(image, path.parent.name, path)
