"""Tables of many rows in parquet: whoever writes or reads one holds a group of its rows.

The file's metadata say where it comes from as the cell `origin` of a CSV table does (`texts`): in
JSON that ends in the SHA-256 of all bytes of the file, with zeros in its place.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from ntkcpl.artifacts.files import FIX, ArtifactError, atomic, open_file
from ntkcpl.artifacts.provenance import Provenance
from ntkcpl.artifacts.texts import NO_DIGEST, ORIGIN, checked_origin, origin_of

ROWS = 2**16  # in a row group
BLOCK = 2**20  # bytes that are hashed at a time
END = 2**16  # bytes at the end of a file that hold what it says of itself
CHECKSUM = re.compile(rb'"sha256": "([0-9a-f]{64})"}')


@dataclass(frozen=True)
class StoredTable:
    """A table that was opened for reading and checked.

    Attributes
    ----------
    origin
        Where it comes from: as `Provenance.attributes`, and its `digest`.
    """

    origin: Mapping[str, Any]
    _path: Path
    _file: Any

    def rows(self, columns: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        """Yield the cells of each row. Raises ArtifactError if the table has other columns."""
        if self._file.schema_arrow != pyarrow_for(self._path).schema([*columns.items()]):
            raise ArtifactError(f"{self._path} has other columns than {','.join(columns)}: {FIX}")
        with _readable(self._path):
            for group in self._file.iter_batches(ROWS, use_threads=False):
                yield from zip(*map(_cells, group.columns), strict=True)


def pyarrow_for(path: str | Path) -> Any:
    """Return the library that reads and writes parquet; raises ArtifactError if it is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ArtifactError(f"{path} takes pyarrow: pip install pyarrow") from error
    return pyarrow


def write_parquet(
    path: str | Path,
    kind: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[Any, ...]],
    provenance: Provenance,
) -> None:
    """Write a table that can be read back with `open_parquet`.

    Parameters
    ----------
    path, kind
        The file, and what it holds.
    columns
        Name -> Arrow's type: "float32", or "string", of which an empty one is stored as null.
    rows
        The cells of each row.
    provenance
        Where it comes from.

    Raises
    ------
    ArtifactError
        If pyarrow is missing, or the file cannot be written.
    """
    pyarrow, content, rows = pyarrow_for(path), hashlib.sha256(), iter(rows)
    schema = pyarrow.schema([*columns.items()])
    with atomic(path) as temporary, temporary.open("r+b") as file:
        with pyarrow.parquet.ParquetWriter(file, schema) as writer:
            while group := list(islice(rows, ROWS)):
                arrays = map(_array, columns.values(), zip(*group, strict=True))
                batch = pyarrow.record_batch([*arrays], schema)
                content.update(batch.serialize())
                writer.write_batch(batch)
            origin = origin_of(kind, provenance, content.hexdigest())
            writer.add_key_value_metadata({ORIGIN: json.dumps(origin)})
        place, _ = _checksum(temporary, file)
        sha256 = _sha256(file, place)
        file.seek(place)
        file.write(sha256)


@contextmanager
def open_parquet(path: str | Path, kind: str) -> Iterator[StoredTable]:
    """Yield a table that `write_parquet` wrote, once all its bytes fit its checksum.

    Raises
    ------
    ArtifactError
        If pyarrow or the file is missing, or if that is truncated, damaged, of another kind or
        version, or of another experiment than the folder it lies in.
    """
    pyarrow, path = pyarrow_for(path), Path(path)
    with open_file(path) as file:
        with _readable(path):
            place, checksum = _checksum(path, file)
            if _sha256(file, place) != checksum:
                raise ArtifactError(f"{path} is damaged, it does not fit its checksum: {FIX}")
            stored = pyarrow.parquet.ParquetFile(file)
            origin = json.loads(stored.metadata.metadata[ORIGIN.encode()])
        yield StoredTable(checked_origin(path, kind, origin), path, stored)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say of which file it is that a library cannot make sense."""
    try:
        yield
    except (OSError, KeyError, ValueError, pyarrow_for(path).ArrowException) as error:
        reason = " ".join(str(error).split())
        raise ArtifactError(f"{path} cannot be read ({reason}): {FIX}") from error


def _checksum(path: Path, file: BinaryIO) -> tuple[int, bytes]:
    """Return where the checksum stands in a file, and the checksum."""
    start = max(0, file.seek(0, os.SEEK_END) - END)
    file.seek(start)
    found = [*CHECKSUM.finditer(file.read(END))]
    if not found:
        raise ArtifactError(
            f"{path} does not end in its checksum: it was cut, or written by another program or an "
            f"earlier version: {FIX}"
        )
    return start + found[-1].start(1), found[-1][1]


def _sha256(file: BinaryIO, place: int) -> bytes:
    """Return the SHA-256 of a file whose checksum stands at a place, with zeros there."""
    sha = hashlib.sha256()
    file.seek(0)
    while block := file.read(min(BLOCK, place - file.tell())):
        sha.update(block)
    sha.update(NO_DIGEST.encode())
    file.seek(place + len(NO_DIGEST))
    while block := file.read(BLOCK):
        sha.update(block)
    return sha.hexdigest().encode()


def _array(type_: str, cells: tuple[Any, ...]) -> Any:
    """Return a column as Arrow holds it; names of files need not be UTF-8."""
    import pyarrow

    if type_ != "string":
        return pyarrow.array(cells, type_)
    encoded = [text.encode("utf-8", "surrogateescape") or None for text in cells]
    return pyarrow.array(encoded, "binary").cast(type_, safe=False)


def _cells(column: Any) -> list[Any]:
    """Return a column as it was given to `write_parquet`."""
    if column.type != "string":
        return list(column.to_pylist())
    encoded = column.cast("binary").to_pylist()
    return [(text or b"").decode("utf-8", "surrogateescape") for text in encoded]
