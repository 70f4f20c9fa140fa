"""The images in a folder that somebody brings."""

import os
from pathlib import Path

from ntkcpl.datasets import DatasetError
from ntkcpl.image_files import EXTENSIONS


def find_images(folder: Path) -> list[Path]:
    """Return all image files below a folder, sorted by their names; hidden ones are left out.

    Raises
    ------
    DatasetError
        If a folder cannot be read, or if there is a link to one: links may lead in a circle, and
        what is behind them would be missing silently.
    """

    def stop(error: OSError) -> None:
        raise DatasetError(
            f"the folder {error.filename} cannot be read ({error.strerror}): let it be read, or "
            "move it out"
        ) from error

    found: list[Path] = []
    # Looks at no file, of which there may be many.
    for parent, folders, names in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            if Path(parent, name).is_symlink():
                raise DatasetError(
                    f"{Path(parent, name)} is a link to a folder, which is not followed: put the "
                    "folder itself there, or take the link out"
                )
        images = (name for name in names if name.lower().endswith(EXTENSIONS))
        found += [Path(parent, name) for name in images if not name.startswith(".")]
    return sorted(found)
