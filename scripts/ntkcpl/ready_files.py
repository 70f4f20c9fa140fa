"""Ready embeddings in an HDF5 file of another program, and what any source of them must answer.

What the data sets are called, hold and measure is checked when the file is opened, which reads
none of them; what stands in them is checked while they are read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from ntkcpl.refusal import Refusal

KINDS = {"floats": "f", "integers": "iu"}  # of data -> those of its numpy.dtype

# Data set -> (kind, named dimensions, whether it is needed); a dimension of one name has one size.
ACCEPTED: dict[str, tuple[str, str, bool]] = {
    "pool/embedding": ("floats", "N D", True),
    "pool/label": ("integers", "N", False),
    "test/embedding": ("floats", "T D", False),
    "test/label": ("integers", "T", False),
    "pool/views": ("floats", "N V D", False),
    "pool/id": ("text", "N", False),
    "test/id": ("text", "T", False),
    "classes": ("text", "C", False),
}
PARTS = ("pool", "test")
# What is needed too, unless people are to label the pool.
KNOWN = ("pool/label", "test/embedding", "test/label")
LARGEST_RATIO = 2000  # times as small as what they are packed from; deflate reaches 1032
BLOCK_BYTES = 2**24  # in memory at a time, of data that may be larger than it


class EmbeddingsError(Refusal):
    """A file of embeddings cannot be used; the message is one sentence naming it and the fix."""


class Source(Protocol):
    """What is imported, wherever it lies; its parts are `PARTS`."""

    name: str
    has_views: bool
    classes: list[str] | None

    def digest(self) -> str:
        """Return the SHA-256 of all of it."""

    def attributes(self) -> dict[str, str]:
        """Return further attributes for `features.h5`."""

    def shape(self, part: str) -> tuple[int, int]:
        """Return the shape (N, D) of a part's embedding."""

    def dtype(self) -> np.dtype[Any]:
        """Return the type that the pool's embedding is stored in."""

    def views_shape(self) -> tuple[int, int, int]:
        """Return the shape (N, V, D) of the views, of which there may be none."""

    def blocks(
        self, name: str, dtype: np.dtype[Any]
    ) -> Iterator[tuple[slice, NDArray[np.floating]]]:
        """Yield the rows of data set `name` and what stands there, finite, block by block."""

    def label(self, part: str) -> NDArray[np.int64]:
        """Return the labels of a part, (N,), -1 where unknown."""

    def id(self, part: str) -> list[str]:
        """Return the ids of a part, all different."""


class FileSource:
    """Embeddings in an HDF5 file."""

    def __init__(self, file: h5py.File) -> None:
        self._file, self.name = file, file.filename
        self.has_views = "pool/views" in file
        self.classes: list[str] | None = _read(file, "classes") if "classes" in file else None

    def unknown(self) -> list[str]:
        """Return what is not there of `KNOWN`."""
        return [name for name in KNOWN if name not in self._file]

    def digest(self) -> str:
        """See `Source`."""
        from ntkcpl.artifacts.files import content_digest

        return content_digest(self.name)

    def attributes(self) -> dict[str, str]:
        """See `Source`."""
        return {}

    def shape(self, part: str) -> tuple[int, int]:
        """See `Source`."""
        name = f"{part}/embedding"
        if name not in self._file:
            return 0, self.shape("pool")[1]
        number, width = self._file[name].shape
        return number, width

    def dtype(self) -> np.dtype[Any]:
        """See `Source`."""
        half = self._file["pool/embedding"].dtype == np.float16
        return np.dtype(np.float16 if half else np.float32)

    def views_shape(self) -> tuple[int, int, int]:
        """See `Source`."""
        number, width = self.shape("pool")
        return (number, self._file["pool/views"].shape[1] if self.has_views else 0, width)

    def blocks(
        self, name: str, dtype: np.dtype[Any]
    ) -> Iterator[tuple[slice, NDArray[np.floating]]]:
        """See `Source`."""
        if name not in self._file:
            return
        data = self._file[name]
        step = max(1, BLOCK_BYTES // (data.dtype.itemsize * int(np.prod(data.shape[1:]))))
        for start in range(0, len(data), step):
            rows = slice(start, min(start + step, len(data)))
            yield rows, finite(_read(self._file, name, rows), dtype, self.name, start, name)

    def label(self, part: str) -> NDArray[np.int64]:
        """See `Source`."""
        name = f"{part}/label"
        if name not in self._file:
            return np.full(self.shape(part)[0], -1, dtype=np.int64)
        label: NDArray[np.integer] = _read(self._file, name)
        bad = label > np.iinfo(np.int64).max
        return np.where(bad, np.iinfo(np.int64).max, label).astype(np.int64)

    def id(self, part: str) -> list[str]:
        """See `Source`."""
        name = f"{part}/id"
        if name not in self._file:
            return [str(row) for row in range(self.shape(part)[0])]
        return distinct(_read(self._file, name), self.name, name)


@contextmanager
def open_file(path: Path) -> Iterator[FileSource]:
    """Yield an HDF5 file as a source, its layout checked. Raises EmbeddingsError."""
    if not path.is_file():
        raise EmbeddingsError(
            f"{path} is no file: name an HDF5 file of embeddings, or a folder of shards, relative "
            "to the working directory"
        )
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise EmbeddingsError(
            f"{path} is truncated or no HDF5 file ({error}): write it again"
        ) from error
    with file:
        try:
            _check_layout(file)
        except (OSError, RuntimeError, KeyError, ValueError) as error:  # as HDF5 finds it damaged
            words = " ".join(str(error).split())[:120]
            raise EmbeddingsError(f"{path} is damaged ({words}): write it again") from error
        yield FileSource(file)


def _check_layout(file: h5py.File) -> None:
    path = file.filename
    sizes: dict[str, tuple[int, str]] = {}
    tested = "test/label" in file or "test/id" in file
    for name, (kind, dimensions, needed) in ACCEPTED.items():
        axes = dimensions.split()
        due = f"{kind} ({', '.join(axes)}{',' if len(axes) == 1 else ''})"
        if name not in file and not needed and not (tested and name == "test/embedding"):
            continue
        if _is_linked(file, name):
            raise EmbeddingsError(f"{path} holds {name} as a link: write it into the file itself")
        data = file.get(name)
        if not isinstance(data, h5py.Dataset):
            raise EmbeddingsError(f"{path} lacks the data set {name}: add it, {due}")
        text = h5py.check_string_dtype(data.dtype) is not None
        fits = text if kind == "text" else data.dtype.kind in KINDS[kind]
        if not fits or len(data.shape or ()) != len(axes):
            held = f"{'text' if text else data.dtype} {data.shape}"
            raise EmbeddingsError(f"{path} holds {name} as {held}: store it as {due}")
        if 0 in data.shape:
            raise EmbeddingsError(f"{path} holds {name} empty, {data.shape}: fill it")
        if fault := _fault_of_storage(data):
            raise EmbeddingsError(f"{path} holds {name} {fault}: write it into the file itself")
        for axis, size in zip(axes, data.shape, strict=True):
            expected, other = sizes.setdefault(axis, (size, name))
            if size != expected:
                raise EmbeddingsError(
                    f"{path} holds {name} of shape {data.shape}, but {axis} is {expected} in "
                    f"{other}: {axis} must be the same in both"
                )


def _is_linked(file: h5py.File, name: str) -> bool:
    """Whether a link leads to data set `name`, maybe out of the file; follows none."""
    here: h5py.Group = file
    for part in map(str.encode, name.split("/")):
        if not isinstance(here, h5py.Group) or not here.id.links.exists(part):
            return False
        if here.id.links.get_info(part).type != h5py.h5l.TYPE_HARD:
            return True
        here = here[part]
    return False


def _fault_of_storage(data: h5py.Dataset) -> str:
    """Say why what a data set says of itself cannot be what the file holds, or nothing."""
    if data.is_virtual or data.external:
        return "as a view of other files"
    said, stored = data.size * data.dtype.itemsize, data.id.get_storage_size()
    packed = data.id.get_create_plist().get_nfilters()
    if said > (max(BLOCK_BYTES, LARGEST_RATIO * stored) if packed else stored):
        return f"of {said:,} bytes, of which it holds {stored:,}"
    return ""


def _read(file: h5py.File, name: str, rows: slice = slice(None)) -> Any:
    """Return `rows` of data set `name`, texts as str."""
    data = file[name]
    try:
        return data[rows] if data.dtype.kind in "fiu" else data.asstr("utf-8")[rows].tolist()
    # Chunks that are damaged, or compressed by a filter that is not installed.
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        raise EmbeddingsError(
            f"{file.filename} holds {name} but it cannot be read ({error}): write the file again"
        ) from error


def finite(
    given: NDArray[Any], dtype: np.dtype[Any], path: str, start: int, name: str
) -> NDArray[np.floating]:
    """Return a block as `dtype`, whose first row is row `start` of `name` in the file at `path`."""
    with np.errstate(over="ignore"):  # what `dtype` cannot hold is reported below
        block: NDArray[np.floating] = given.astype(dtype)
    bad = ~np.isfinite(block).all(axis=tuple(range(1, block.ndim)))
    if bad.any():
        row = int(bad.argmax())
        raise EmbeddingsError(
            f"{path} holds in row {start + row} of {name} "
            + (
                f"a number too large for {block.dtype}: scale the embeddings down"
                if np.isfinite(given[row]).all()
                else "a number that is not finite: compute that row again or leave it out"
            )
        )
    return block


def distinct(ids: list[str], path: str, name: str) -> list[str]:
    """Return the ids; raises EmbeddingsError if one of them stands twice."""
    if len(set(ids)) == len(ids):
        return ids
    first: dict[str, int] = {}
    for row, text in enumerate(ids):
        if first.setdefault(text, row) != row:
            raise EmbeddingsError(
                f"{path} holds {text!r} in rows {first[text]} and {row} of {name}: give "
                "each image an id of its own"
            )
    return ids
