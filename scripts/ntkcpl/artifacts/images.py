"""`images.json`: which images there were in a folder when they were embedded, those gone too."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import read_json, write_json

KIND = "images"


@dataclass(frozen=True)
class Image:
    """What is remembered of an image.

    Attributes
    ----------
    size, modified
        Bytes, and the time of the last change in nanoseconds.
    digest
        SHA-256 of the file; empty before it was read.
    former
        The names that it had before, without this one.
    broken
        Whether it cannot be decoded, and so is not in `features.h5`.
    gone
        Whether it is no longer in the folder.
    """

    size: int
    modified: int
    digest: str = ""
    former: tuple[str, ...] = ()
    broken: bool = False
    gone: bool = False

    @property
    def stamp(self) -> tuple[int, int]:
        """What tells a changed file without reading it."""
        return self.size, self.modified


def write_images(path: str | Path, images: Mapping[str, Image], provenance: Provenance) -> None:
    """Write `images.json`: name -> image."""
    content = {"images": {name: asdict(image) for name, image in images.items()}}
    write_json(path, KIND, content, provenance)


def read_images(path: str | Path, expected: Provenance | None = None) -> dict[str, Image]:
    """Read `images.json`. Raises ArtifactError if it is unusable (see `read_json`)."""
    content, _ = read_json(path, KIND, expected)
    return {
        name: Image(**(values | {"former": tuple(values["former"])}))
        for name, values in content["images"].items()
    }
