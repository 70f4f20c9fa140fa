"""Ready embeddings in a folder of shards, of which those that were imported before are not read.

`features.h5` remembers what its shards were. While those of a part stay as they were, and others
come behind them only, their rows are read from there; of their files, size and time are looked at.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ntkcpl.ready_files import BLOCK_BYTES, distinct
from ntkcpl.shards import ImportedShard, Shard, Shards, files_of, is_there, lines, shard_files

if TYPE_CHECKING:
    from ntkcpl.artifacts.provenance import Provenance

CLASSES = "classes.txt"


@dataclass(frozen=True)
class Stamp:
    """What is remembered of a file; two are equal if its content is.

    Attributes
    ----------
    size, modified
        Bytes, and the time of the last change in nanoseconds.
    digest
        SHA-256.
    """

    size: int
    modified: int = field(compare=False)
    digest: str


@dataclass(frozen=True)
class ShardRecord:
    """What is remembered of a shard.

    Attributes
    ----------
    rows
        Its images.
    labelled
        Whether it has labels.
    files
        Name in the folder -> stamp, of all that it was read from.
    """

    rows: int
    labelled: bool
    files: dict[str, Stamp]


@dataclass(frozen=True)
class FormerImport:
    """A `features.h5` made from shards.

    Attributes
    ----------
    records
        Part -> what its shards were.
    rows
        Part -> embedding (n, D), label (n,) and n ids of all of them.
    """

    records: dict[str, list[ShardRecord]]
    rows: dict[str, tuple[NDArray[np.floating], NDArray[np.int64], list[str]]]

    @property
    def stamps(self) -> dict[str, Stamp]:
        """Name in the folder -> what the file was."""
        return {
            name: stamp
            for records in self.records.values()
            for record in records
            for name, stamp in record.files.items()
        }

    def first_of(self, part: str, shards: dict[Path, dict[str, Stamp]]) -> list[ImportedShard]:
        """Return the shards that there were of a part, none if they are not the first of those now.

        `shards` are those now: path -> the files that it is read from.
        """
        records = self.records.get(part, [])
        now = [*shards.values()][: len(records)]
        if not records or [record.files for record in records] != now:
            return []
        found, start, (embedding, label, ids) = [], 0, self.rows[part]
        for path, record in zip(shards, records, strict=False):
            rows = slice(start, start := start + record.rows)
            known = label[rows] if record.labelled else None
            block = embedding[rows]
            shape = record.rows, embedding.shape[1]
            found.append(ImportedShard(path, shape, block.dtype, block, known, ids[rows]))
        return found


def read_former(path: str | Path, provenance: "Provenance") -> FormerImport | None:
    """Return what `features.h5` holds, if it was made from shards as it would be now.

    None if it is missing or damaged, or was made by other settings, code or libraries.
    """
    from ntkcpl.artifacts.features import LAYOUT
    from ntkcpl.artifacts.files import ArtifactError
    from ntkcpl.artifacts.hdf5 import made_alike, open_hdf5

    try:
        if not made_alike(path, LAYOUT, provenance):
            return None
        with open_hdf5(path, LAYOUT) as file:
            said = json.loads(file.attrs.get("shards", "{}"))
            records = {part: [*map(_record, shards)] for part, shards in said.items()}
            rows = {
                part: (
                    file.map(f"{part}/embedding"),
                    file.read(f"{part}/label"),
                    file.read(f"{part}/id"),
                )
                for part in said
            }
    except ArtifactError:
        return None
    return FormerImport(records, rows) if said else None


def _record(said: dict[str, Any]) -> ShardRecord:
    files = {name: Stamp(**stamp) for name, stamp in said["files"].items()}
    return ShardRecord(**said | {"files": files})


def all_files(folder: Path) -> list[Path]:
    """Return all files that are read: the classes' names, shards, and what stands beside them."""
    shards = (shard for shards in shard_files(folder).values() for shard in shards)
    found = [file for shard in shards for file in files_of(shard)]
    return [*filter(Path.is_file, [folder / CLASSES]), *found]


class FolderSource:
    """Embeddings in a folder of shards. Raises EmbeddingsError, as its methods do.

    `former` is an import of the folder whose shards may still be there.
    """

    has_views = False

    def __init__(self, folder: Path, former: FormerImport | None = None) -> None:
        self.name, self._folder, self._former = str(folder), folder, former
        self._files, self._shards = shard_files(folder), {}
        for part, files in self._files.items():
            kept = former.first_of(part, self._stamps[part]) if former else []
            if files or part == "pool":
                new = map(Shard.open, files[len(kept) :])
                self._shards[part] = Shards(folder, [*kept, *new])
        names = folder / CLASSES
        self.classes = lines(names) if is_there(names) else None

    @cached_property
    def _stamps(self) -> dict[str, dict[Path, dict[str, Stamp]]]:
        """Part -> shard -> name -> stamp of each file that it is read from."""
        known = self._former.stamps if self._former else {}

        def stamps(shard: Path) -> dict[str, Stamp]:
            names = {str(file.relative_to(self._folder)): file for file in files_of(shard)}
            return {name: _stamp(file, known.get(name)) for name, file in names.items()}

        return {part: {shard: stamps(shard) for shard in s} for part, s in self._files.items()}

    def digest(self) -> str:
        """Return the SHA-256 of the names and digests of all files."""
        names = self._folder / CLASSES
        stamps = {CLASSES: _stamp(names)} if names.is_file() else {}
        for shards in self._stamps.values():
            for files in shards.values():
                stamps |= files
        said = "".join(f"{stamp.digest} {name}\n" for name, stamp in stamps.items())
        return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()

    def attributes(self) -> dict[str, str]:
        """See `Source`."""
        records = {
            part: [
                asdict(ShardRecord(shard.shape[0], shards.labelled, files))
                for shard, files in zip(shards.shards, self._stamps[part].values(), strict=True)
            ]
            for part, shards in self._shards.items()
        }
        return {"shards": json.dumps(records)}

    def shape(self, part: str) -> tuple[int, int]:
        """See `Source`."""
        if part not in self._shards:
            return 0, self._shards["pool"].shape[1]
        return self._shards[part].shape

    def dtype(self) -> np.dtype[Any]:
        """See `Source`."""
        return self._shards["pool"].dtype

    def views_shape(self) -> tuple[int, int, int]:
        """See `Source`."""
        number, width = self.shape("pool")
        return number, 0, width

    def blocks(
        self, name: str, dtype: np.dtype[Any]
    ) -> Iterator[tuple[slice, NDArray[np.floating]]]:
        """See `Source`."""
        part = name.partition("/")[0]
        if part not in self._shards:
            return
        at, (_, width) = 0, self.shape(part)
        for block in self._shards[part].blocks(max(1, BLOCK_BYTES // (4 * width)), dtype):
            yield slice(at, at + len(block)), block
            at += len(block)

    def label(self, part: str) -> NDArray[np.int64]:
        """See `Source`."""
        if part not in self._shards:
            return np.empty(0, dtype=np.int64)
        return self._shards[part].label

    def id(self, part: str) -> list[str]:
        """See `Source`."""
        ids = self._shards[part].id if part in self._shards else []
        return distinct(ids, self.name, part)


def _stamp(path: Path, known: Stamp | None = None) -> Stamp:
    """Return that of a file, which is read unless its size and time are those known."""
    from ntkcpl.artifacts.files import content_digest

    status = path.stat()
    if known and (known.size, known.modified) == (status.st_size, status.st_mtime_ns):
        return known
    return Stamp(status.st_size, status.st_mtime_ns, content_digest(path))
