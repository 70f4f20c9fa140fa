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

from ntkcpl.artifacts.files import FIX, FORMAT_VERSION, ArtifactError, Provenance, atomic

TYPES = {
    "f4": np.dtype("f4"),
    "f2": np.dtype("f2"),
    "i8": np.dtype("i8"),
    "str": h5py.string_dtype(),
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

    def __init__(self, file: h5py.File, layout: Layout) -> None:
        self._file = file
        self._layout = layout
        self.attrs: Any = file.attrs

    def store(self, name: str, values: Any) -> None:
        """Store an array, or a list of texts, with checksums if it is numeric."""
        array = np.asarray(values)
        texts = self._layout.arrays[name][0] == "str"
        if texts:
            array = np.asarray(values, dtype=object)
        # HDF5 has no checksum for texts, nor for scalars and empty arrays, which are not chunked.
        checksum = not texts and array.size > 0 and array.ndim > 0
        self._file.create_dataset(
            name, data=array, dtype=TYPES["str"] if texts else None, fletcher32=checksum or None
        )

    def create(self, name: str, shape: tuple[int, ...], chunk_rows: int) -> h5py.Dataset:
        """Return a data set of a shape, to be filled by rows, with a checksum every few rows."""
        dtype = TYPES[self._layout.arrays[name][0]]
        if 0 in shape:
            return self._file.create_dataset(name, shape, dtype=dtype)
        chunks = (min(chunk_rows, shape[0]), *shape[1:])
        return self._file.create_dataset(name, shape, dtype=dtype, chunks=chunks, fletcher32=True)

    def array(self, name: str) -> NDArray[Any]:
        """Return what was stored as `name`."""
        stored: NDArray[Any] = self._file[name][()]
        return stored


class StoredFile:
    """A file that was opened for reading and checked."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self._file = file
        self.path = path
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
            If a chunk does not fit its checksum.
        """
        data = self._file[name]
        try:
            if h5py.check_string_dtype(data.dtype):
                return data.asstr()[rows].tolist()
            return data[rows]
        except (OSError, UnicodeDecodeError) as error:
            raise _damaged(self.path, error) from error


@contextmanager
def create_hdf5(path: str | Path, layout: Layout, provenance: Provenance) -> Iterator[NewFile]:
    """Yield a file to fill; it is checked, signed and renamed.

    The digest, by which later stages recognise their input, covers the settings, the inputs'
    digests and the contents, not the clock: the same work gives the same digest again.

    Raises
    ------
    ArtifactError
        If what was filled in does not fit the layout.
    """
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(provenance.attributes(layout.kind))
        yield NewFile(file, layout)
        _check_layout(file, layout, Path(path))
        file.attrs["digest"] = _digest(file, layout)


@contextmanager
def open_hdf5(
    path: str | Path, layout: Layout, inputs: Mapping[str, str] | None = None
) -> Iterator[StoredFile]:
    """Yield the HDF5 file at `path`, opened for reading and checked.

    Parameters
    ----------
    path, layout
        The file, and what it must hold.
    inputs
        Digests that the file's recorded inputs must equal, as far as both name them: a file that
        was made from another `features.h5` than the one at hand is refused.

    Raises
    ------
    ArtifactError
        If the file is missing, truncated, damaged, of another kind or version, or made from
        other inputs.
    """
    path = Path(path)
    if not path.exists():
        raise ArtifactError(f"{path} does not exist: run the stage that makes it")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise _damaged(path, error) from error
    with file:
        try:
            _check_origin(file, layout.kind, path, inputs or {})
            _check_layout(file, layout, path)
        except OSError as error:  # what is read of a truncated file
            raise _damaged(path, error) from error
        yield StoredFile(file, path)


def made_alike(path: str | Path, provenance: Provenance) -> bool:
    """Return whether there is a file that was made by the same settings, code and libraries.

    The same inputs too, as far as `provenance` names them. The file's contents are not checked.
    """
    try:
        with h5py.File(path, "r") as file:
            alike = provenance.attributes("")
            names = ("settings", "code", "versions", "format_version")
            inputs = json.loads(file.attrs.get("inputs", "{}"))
            return all(file.attrs.get(name) == alike[name] for name in names) and all(
                inputs.get(name) == digest for name, digest in provenance.inputs.items()
            )
    except (OSError, ValueError):
        return False


def _damaged(path: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} is truncated or damaged ({error}): {FIX}")


def _check_origin(file: h5py.File, kind: str, path: Path, inputs: Mapping[str, str]) -> None:
    found = file.attrs.get("format", "something else")
    if found != f"ntkcpl/{kind}":
        raise ArtifactError(f"{path} should hold ntkcpl/{kind} but holds {found}: {FIX}")
    found_version = file.attrs.get("format_version")
    if found_version != FORMAT_VERSION:
        raise ArtifactError(
            f"{path} has format version {found_version}, this code reads {FORMAT_VERSION}: {FIX}"
        )
    recorded = json.loads(file.attrs["inputs"])
    for name in sorted(recorded.keys() & inputs.keys()):
        if recorded[name] != inputs[name]:
            raise ArtifactError(f"{path} was made from another {name} than the one at hand: {FIX}")


def _check_layout(file: h5py.File, layout: Layout, path: Path) -> None:
    sizes: dict[str, int] = {}
    for name, (kind, dimensions) in layout.arrays.items():
        if name not in file:
            raise ArtifactError(f"{path} lacks the data set {name}: {FIX}")
        data, axes = file[name], dimensions.split()
        fits = data.dtype == TYPES[kind] and data.ndim == len(axes)
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
