"""What has changed in a folder of images: which are new, gone, changed, or have another name."""

import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from ntkcpl.artifacts.files import ArtifactError, content_digest
from ntkcpl.artifacts.images import Image
from ntkcpl.datasets._folders import find_images
from ntkcpl.refusal import Refusal


class ImagesError(Refusal):
    """The images cannot be told apart; the message is one sentence naming them and the fix."""


@dataclass(frozen=True)
class Changes:
    """What a folder holds now, beside what it held.

    Attributes
    ----------
    images
        Name -> image of all that are there and of all that were; the digest of those that nobody
        has compared is empty.
    before
        Name of each image that was there -> the name it had.
    """

    images: dict[str, Image]
    before: dict[str, str]

    @property
    def names(self) -> list[str]:
        """The images that are there, but those known to be broken."""
        return [n for n, image in self.images.items() if not (image.gone or image.broken)]

    @property
    def former(self) -> dict[str, str | None]:
        """Each name that an image had -> its name now, None if it is gone."""
        return former_names(self.images)


def former_names(images: Mapping[str, Image]) -> dict[str, str | None]:
    """Return each name that one of the images had -> its name now, None if it is gone."""
    former: dict[str, str | None] = {}
    for name, image in images.items():
        now = None if image.gone else name
        former |= dict.fromkeys(image.former, now)
        if image.gone:
            former[name] = None
    return former


def stamps(root: Path) -> dict[str, tuple[int, int]]:
    """Return name -> (bytes, time of change in ns) of all images below a folder, reading none."""
    found = {}
    for path in find_images(root):
        status = path.stat() if path.exists() else path.lstat()  # of a link to nothing
        found[path.relative_to(root).as_posix()] = (status.st_size, status.st_mtime_ns)
    return found


def compare(
    root: Path, listing: Mapping[str, tuple[int, int]], known: Mapping[str, Image]
) -> Changes:
    """Compare a folder with what was known of it.

    An image is the same while its size and time of change are. Of the others only those are read
    whose size is that of one that has gone or changed: the same content is the same image, whatever
    its name.

    Parameters
    ----------
    root
        The folder.
    listing
        What `stamps` says of it.
    known
        What `images.json` says.

    Raises
    ------
    ImagesError
        If an image has the name that another had before, under which it may have been labelled.
    """
    same = {n for n, stamp in listing.items() if n in known and _is(known[n], stamp)}
    missing: dict[tuple[int, str], list[str]] = {}
    for name, image in known.items():
        if name not in same:
            missing.setdefault((image.size, image.digest), []).append(name)
    sizes = {size for size, _ in missing}
    images, before = {}, {}
    # First those that have kept their names, so that no copy takes what is known of them.
    for name in sorted(listing, key=lambda name: (name not in known, name)):
        size, modified = listing[name]
        if name in same:
            images[name], before[name] = known[name], name
            continue
        digest = _digest(root / name) if size in sizes else ""
        names = missing.get((size, digest), [])
        if not names:
            images[name] = Image(size, modified, digest)
            continue
        old = name if name in names else names[0]
        names.remove(old)
        former = tuple(dict.fromkeys([*known[old].former, *([] if old == name else [old])]))
        images[name] = replace(
            known[old], modified=modified, former=tuple(f for f in former if f != name), gone=False
        )
        before[name] = old
    for name in sorted(n for names in missing.values() for n in names):
        if name not in listing:
            images[name] = replace(known[name], gone=True)
    changes = Changes(dict(sorted(images.items())), before)
    _check_names(changes, listing)
    return changes


def embedded(changes: Changes, root: Path, names: Collection[str]) -> dict[str, Image]:
    """Return the images of `changes` with all digests; those not in `names` are broken, or gone."""

    def as_embedded(name: str) -> Image:
        image = changes.images[name]
        if image.gone:
            return image
        digest = image.digest or _digest(root / name)
        return replace(image, digest=digest, broken=name not in names)

    with ThreadPoolExecutor(os.cpu_count()) as readers:
        return dict(zip(changes.images, readers.map(as_embedded, changes.images), strict=True))


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file; nothing of what cannot be read, such as a pipe."""
    try:
        return content_digest(path)
    except ArtifactError:
        return ""


def _is(image: Image, stamp: tuple[int, int]) -> bool:
    return not image.gone and image.stamp == stamp


def _check_names(changes: Changes, listing: Mapping[str, tuple[int, int]]) -> None:
    for name, now in changes.former.items():
        if name in listing:
            whose = "one that is gone" if now is None else f"what is now {now!r}"
            raise ImagesError(
                f"the image {name!r} has the name that {whose} had before: give it another name, "
                "because labels of that name are of the other image"
            )
