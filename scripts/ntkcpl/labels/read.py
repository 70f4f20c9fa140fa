"""Everything that people brought back, read and checked together."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ntkcpl.image_files import EXTENSIONS
from ntkcpl.labels.answers import Collector, Labels
from ntkcpl.labels.copies import Originals, read_copy
from ntkcpl.labels.label_studio import read_export
from ntkcpl.labels.tables import read_table

TABLES = (".csv", ".tsv", ".txt")
# Put into folders by systems that nobody asked.
IGNORED = ("thumbs.db", "desktop.ini")


def read_labels(
    sources: str | Path | Iterable[str | Path],
    ids: Iterable[str],
    classes: Sequence[str] | None = None,
    root: str | Path | None = None,
    former: Mapping[str, str | None] | None = None,
) -> Labels:
    """Read labels from files of any mix of formats, and check all of them at once.

    The formats: tables `id,label` (see `read_table`), exports of Label Studio in JSON, JSON-MIN and
    CSV, and folders of copies of images, each named as a class. In place of a class, `skipped`
    says that none fits, and nothing at all that the image is still to be labelled. The same answer
    twice is fine.

    Parameters
    ----------
    sources
        A folder, of which all files below it are read but hidden ones, or a file, or several.
    ids
        The images' ids.
    classes
        The classes that are allowed; None for any.
    root
        The folder to which the ids are relative. It is looked at only for copies whose name is
        that of no image, or of several; None if there is none.
    former
        Each name that an image had before -> its id now, None if it is gone: what is said of
        those that are gone is counted and nothing else.

    Raises
    ------
    LabelsError
        If there are two answers for an image, an id that is no image, a class outside `classes`,
        or a file that cannot be read: all such faults of all files.
    ValueError
        If a name in `classes` cannot be that of a class (see `ntkcpl.labels.names.class_fault`).
    """
    collector = Collector(ids, classes, former)
    originals = Originals(collector, None if root is None else Path(root))
    given = [sources] if isinstance(sources, str | Path) else sources
    for source in map(Path, given):
        for path in _files(source, collector):
            suffix = path.suffix.lower()
            if path.exists() and not path.is_file():
                collector.faults.append(f"{path} is no file: move it away")
            elif suffix in TABLES:
                read_table(path, collector)
            elif suffix == ".json":
                read_export(path, collector)
            elif suffix not in EXTENSIONS:
                collector.faults.append(
                    f"{path} is neither a table of labels, an export of Label Studio nor an image: "
                    "save it as CSV UTF-8, or move it away"
                )
            elif path.parent == source:
                collector.faults.append(
                    f"{path} lies in no folder of a class: move it into one named as its class"
                )
            else:
                read_copy(path, originals, collector)
    return collector.labels()


def make_folder(sources: str | Path) -> None:
    """Make the folder that people save into, if there is none; a name like a file's makes none."""
    path = Path(sources).expanduser()
    if path.suffix.lower() not in (*TABLES, ".json"):
        path.mkdir(parents=True, exist_ok=True)


def _files(source: Path, collector: Collector) -> Iterator[Path]:
    """Yield all files below a folder, or the file, in the order of their names."""

    def unreadable(error: OSError) -> None:
        collector.faults.append(f"{error.filename} cannot be read ({error}): allow it")

    if source.is_file():
        yield source
        return
    if not source.is_dir():
        collector.faults.append(f"{source} does not exist: name a file or folder of labels")
        return
    for folder, folders, names in os.walk(source, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith((".", "~$")) and name.lower() not in IGNORED:
                yield Path(folder, name)
