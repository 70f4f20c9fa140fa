"""HDF5 files: their layouts, checked and signed on writing, checked again on reading."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ntkcpl.artifacts import sealed
from ntkcpl.artifacts.files import FIX, ArtifactError
from ntkcpl.artifacts.provenance import Provenance, check_origin
from ntkcpl.artifacts.sealed import SealedFile

# The oldest with checksums of metadata, which not only this library's readers then verify.
VERSION = ("v110", "v110")
# Of a type that may be several, the first is what is written where nothing else is said.
TYPES = {
    "f": (np.dtype("f4"), np.dtype("f2")),
    "f4": (np.dtype("f4"),),
    "f2": (np.dtype("f2"),),
    "i8": (np.dtype("i8"),),
    "str": (h5py.string_dtype(),),
}


@dataclass(frozen=True)
class Layout:
    """What a file of one kind holds.

    Attributes
    ----------
    kind
        Its name, which the file carries.
    arrays
        Data set -> (type, named dimensions). Types are those of `TYPES`; a dimension of one name
        has one size throughout the file.
    """

    kind: str
    arrays: Mapping[str, tuple[str, str]]


class NewFile:
    """A file that is being written, to be filled by `store` or, row by row, `create`."""

    def __init__(self, file: h5py.File, layout: Layout, target: sealed.NewFile) -> None:
        self._file = file
        self._layout = layout
        self._target = target
        self.attrs: Any = file.attrs

    def store(self, name: str, values: Any) -> None:
        """Store an array, or a list of texts; names of files need not be UTF-8."""
        dtype = None
        if self._layout.arrays[name][0] == "str":
            values = [text.encode("utf-8", "surrogateescape") for text in values]
            dtype = TYPES["str"][0]
        array = np.asarray(values, dtype=object if dtype else None)
        self._file.create_dataset(name, data=array, dtype=dtype)
        self._target.check()

    def create(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any] | None = None
    ) -> "NewRows":
        """Return a data set of a shape, to be filled by rows."""
        dtype = dtype or TYPES[self._layout.arrays[name][0]][0]
        return NewRows(self._file.create_dataset(name, shape, dtype=dtype), self._target)

    def array(self, name: str) -> NDArray[Any]:
        """Return what was stored as `name`."""
        stored: NDArray[Any] = self._file[name][()]
        return stored


@dataclass(frozen=True)
class NewRows:
    """A data set that is being filled."""

    _data: h5py.Dataset
    _target: sealed.NewFile

    def __setitem__(self, rows: slice, values: NDArray[Any]) -> None:
        """Store some rows. Raises ArtifactError if there is no room for them."""
        self._data[rows] = values
        self._target.check()


class StoredFile:
    """A file that was opened for reading and checked."""

    def __init__(self, file: h5py.File, content: SealedFile) -> None:
        self._file, self._content = file, content
        self.path = content.path
        self.attrs: Any = file.attrs

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a data set."""
        shape: tuple[int, ...] = self._file[name].shape
        return shape

    def read(self, name: str, rows: Any = ()) -> Any:
        """Return a data set, or some of its rows, as an array; texts as a list.

        Raises
        ------
        ArtifactError
            If what is read is damaged.
        """
        data = self._file[name]
        try:
            if h5py.check_string_dtype(data.dtype):
                return data.asstr(errors="surrogateescape")[rows].tolist()
            return data[rows]
        except (OSError, RuntimeError, ValueError) as error:
            raise _unreadable(self.path, error) from error

    def map(self, name: str) -> NDArray[Any]:
        """Return a data set as an array that is mapped into memory and read as it is used.

        The whole file is verified, once as long as it is not changed (`SealedFile.verify_once`).

        Raises
        ------
        ArtifactError
            If the file is damaged.
        """
        data = self._file[name]
        start = data.id.get_offset()
        if start is None:  # nothing is in it
            return np.empty(data.shape, dtype=data.dtype)
        self._content.verify_once()
        return np.memmap(self.path, data.dtype, "r", start, data.shape)


@contextmanager
def create_hdf5(path: str | Path, layout: Layout, provenance: Provenance) -> Iterator[NewFile]:
    """Yield a file to fill; it is checked, signed, sealed and renamed.

    The digest, by which later stages recognise their input, covers the settings, the inputs'
    digests and the contents, not the clock: the same work gives the same digest again.

    Raises
    ------
    ArtifactError
        If what was filled in does not fit the layout, or there is no room for it.
    """
    with (
        sealed.sealed(path, sealed.ROWS) as target,
        h5py.File(target, "w", libver=VERSION) as file,
    ):
        file.attrs.update(provenance.attributes(layout.kind))
        yield NewFile(file, layout, target)
        _check_layout(file, layout, Path(path))
        file.attrs["digest"] = _digest(file, layout)


@contextmanager
def open_hdf5(
    path: str | Path, layout: Layout, expected: Provenance | None = None
) -> Iterator[StoredFile]:
    """Yield the HDF5 file at `path`, opened for reading and checked.

    What is read of it, attributes and HDF5's own bookkeeping included, is verified before HDF5 sees
    it; what is not read costs nothing.

    Parameters
    ----------
    path, layout
        The file, and what it must hold.
    expected
        What is known of where it should come from (see `check_origin`).

    Raises
    ------
    ArtifactError
        If the file is missing, truncated, damaged, of another kind or version, or made from
        other inputs.
    """
    path = Path(path)
    with SealedFile(path) as content:
        try:
            file = h5py.File(content, "r")
        except (OSError, RuntimeError, ValueError) as error:
            raise _unreadable(path, error) from error
        with file:
            try:
                check_origin(path, layout.kind, file.attrs, expected)
                _check_layout(file, layout, path)
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                raise _unreadable(path, error) from error
            yield StoredFile(file, content)


def made_alike(path: str | Path, layout: Layout, provenance: Provenance) -> bool:
    """Return whether there is a file that was made by the same settings, code and libraries.

    The same inputs too, as far as `provenance` names them.
    """
    try:
        with open_hdf5(path, layout) as file:
            alike = provenance.attributes(layout.kind)
            names = ("settings", "code", "versions")
            inputs = json.loads(file.attrs["inputs"])
            return all(file.attrs.get(name) == alike[name] for name in names) and all(
                inputs.get(name) == digest for name, digest in provenance.inputs.items()
            )
    except ArtifactError:
        return False


def _unreadable(path: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} cannot be read ({' '.join(str(error).split())}): {FIX}")


def _check_layout(file: h5py.File, layout: Layout, path: Path) -> None:
    sizes: dict[str, int] = {}
    for name, (kind, dimensions) in layout.arrays.items():
        if name not in file:
            raise ArtifactError(f"{path} lacks the data set {name}: {FIX}")
        data, axes = file[name], dimensions.split()
        fits = data.dtype in TYPES[kind] and data.ndim == len(axes)
        fits = fits and all(
            sizes.setdefault(axis, size) == size
            for axis, size in zip(axes, data.shape, strict=True)
        )
        if not fits:
            raise ArtifactError(
                f"{path} holds {name} as {data.dtype}{data.shape}, expected {kind} [{dimensions}] "
                f"with {sizes}: {FIX}"
            )


def _digest(file: h5py.File, layout: Layout, rows: int = 4096) -> str:
    sha = hashlib.sha256()
    for name in ("format", "format_version", "settings", "inputs", "identity"):
        sha.update(f"{name}={file.attrs[name]};".encode())
    for name in sorted(layout.arrays):
        data = file[name]
        sha.update(f"{name}:{data.dtype}{data.shape};".encode())
        if data.ndim == 0:
            sha.update(np.asarray(data[()]).tobytes())
            continue
        for start in range(0, len(data), rows):
            block = data[start : start + rows]
            texts = block.dtype == object
            sha.update(b"\0".join(block.tolist()) if texts else np.ascontiguousarray(block).data)
    return sha.hexdigest()
