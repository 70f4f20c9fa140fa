"""`images.json`: which images there were in a folder when they were embedded, those gone too."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ntkcpl.artifacts.files import FIX, ArtifactError, write_text


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


def write_images(path: str | Path, images: Mapping[str, Image]) -> None:
    """Write `images.json`: name -> image."""
    write_text(path, json.dumps({name: asdict(i) for name, i in images.items()}, indent=0) + "\n")


def read_images(path: str | Path) -> dict[str, Image]:
    """Read `images.json`. Raises ArtifactError if it is missing, truncated or foreign."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return {
            name: Image(**(values | {"former": tuple(values["former"])}))
            for name, values in content.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{path} is no images.json ({error!r}): {FIX}") from error
