"""A folder of links to the images, by class."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ntkcpl.artifacts.files import atomic_folder
from ntkcpl.labels.names import SKIPPED

# What some system does not allow in a name, or a person cannot see.
UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]|^\.+|[. ]+$')
# Names of devices, whatever follows the dot, on Windows.
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)


def sort_images(folder: Path, root: Path, classes: Iterable[tuple[str, str]]) -> None:
    """Write a folder with a subfolder of links for each class, in place of the one before.

    The links are relative, so that a project that is moved or mounted elsewhere as a whole keeps
    them; where links cannot be made they are copies. An image keeps its name, and where several of
    a class have the same, its folders come before it.

    Parameters
    ----------
    folder
        Where to write.
    root
        The folder of the images.
    classes
        (id, class) of each image, the class `SKIPPED` for those that were skipped.

    Raises
    ------
    ArtifactError
        If there is no room, or nothing can be written there.
    """
    by_class: dict[str, list[str]] = {}
    for image, name in classes:
        by_class.setdefault(name, []).append(image)
    places = folder_names(by_class)
    with atomic_folder(folder) as new:
        for name, images in by_class.items():
            (new / places[name]).mkdir()
            for image, link in file_names(images).items():
                # Relative to where the folder will be, which is as deep.
                _link(root.resolve() / image, new / places[name] / link)


def folder_names(classes: Iterable[str]) -> dict[str, str]:
    """Return class -> a name that every system takes, different also where case does not count."""
    names: dict[str, str] = {}
    for name in sorted(classes, key=lambda name: (name != SKIPPED, _safe(name) != name, name)):
        safe = _safe(name)
        taken = {other.casefold() for other in names.values()}
        if safe.casefold() in taken:
            safe = f"{safe}-{_digest(name)}"
        names[name] = safe
    return names


def file_names(images: Iterable[str]) -> dict[str, str]:
    """Return image -> its name without its folders, or with them where that is another's."""
    by_name: dict[str, list[str]] = {}
    for image in images:
        by_name.setdefault(PurePosixPath(image).name.casefold(), []).append(image)
    names: dict[str, str] = {}
    for images_of_name in by_name.values():
        for image in images_of_name:
            name = PurePosixPath(image).name
            if len(images_of_name) > 1:  # the digest tells a/b_c.png from a_b/c.png
                parts = PurePosixPath(image)
                name = f"{'_'.join(parts.with_suffix('').parts)}-{_digest(image)}{parts.suffix}"
            names[image] = name
    return names


def _safe(name: str) -> str:
    safe = UNSAFE.sub("_", name)
    return f"_{safe}" if RESERVED.match(safe) else safe


def _digest(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:6]


def _link(image: Path, link: Path) -> None:
    try:
        link.symlink_to(os.path.relpath(image, link.parent.resolve()))
    except OSError:
        shutil.copy2(image, link)
