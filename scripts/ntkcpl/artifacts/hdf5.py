"""HDF5 files: their layouts, checked and signed on writing, checked again on reading."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ntkcpl.artifacts.files import FIX, FORMAT_VERSION, ArtifactError, Provenance, atomic

STRING = h5py.string_dtype()

# Data set -> (type, named dimensions); a dimension of one name has one size throughout the file.
# "f4", "f2": float32, float16; "i8": int64; "str": UTF-8 text.
LAYOUTS: dict[str, dict[str, tuple[str, str]]] = {
    "features": {
        "pool/embedding": ("f4", "N D"),
        "pool/views": ("f2", "N V D"),
        "pool/label": ("i8", "N"),
        "pool/id": ("str", "N"),
        "test/embedding": ("f4", "T D"),
        "test/label": ("i8", "T"),
        "test/id": ("str", "T"),
        "classes": ("str", "C"),
    },
    "clusters": {
        "index": ("i8", "M"),
        "pseudo_label": ("i8", "M"),
        "labelled": ("i8", "L"),
        "cluster/size": ("i8", "K"),
        "cluster/labelled_class": ("i8", "K"),
        "split/parent": ("i8", "S"),
        "split/child": ("i8", "S"),
        "split/confusing": ("i8", "S"),
        "split/size": ("i8", "S"),
    },
    "classifier": {
        "pool/probability": ("f2", "N C"),
        "pool/hidden": ("f2", "N H"),
        "labelled": ("i8", "L"),
        # torch's state dict of Linear-BatchNorm-ReLU-Linear, whose modules are 0, 1, 2, 3.
        "state/0.weight": ("f4", "H D"),
        "state/0.bias": ("f4", "H"),
        "state/1.weight": ("f4", "H"),
        "state/1.bias": ("f4", "H"),
        "state/1.running_mean": ("f4", "H"),
        "state/1.running_var": ("f4", "H"),
        "state/1.num_batches_tracked": ("i8", ""),
        "state/3.weight": ("f4", "C H"),
        "state/3.bias": ("f4", "C"),
    },
}

# Data sets that a file may lack.
OPTIONAL = {"pool/hidden"}


@contextmanager
def create_hdf5(path: str | Path, kind: str, provenance: Provenance) -> Iterator[h5py.File]:
    """Yield an HDF5 file of `kind` to fill with `store`; it is checked, signed and renamed.

    The digest, by which later stages recognise their input, covers the settings, the inputs'
    digests and the contents, not the clock: the same work gives the same digest again.

    Raises
    ------
    ArtifactError
        If what was filled in does not fit the layout of `kind`.
    """
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(provenance.attributes(kind))
        yield file
        _check_layout(file, kind, Path(path))
        file.attrs["digest"] = _digest(file, kind)


def store(file: h5py.File, name: str, values: Any) -> None:
    """Store an array, or a list of texts, as data set `name`, with checksums if it is numeric."""
    texts = isinstance(values, list) and all(isinstance(value, str) for value in values)
    array = np.asarray(values, dtype=STRING if texts and values else None)
    # HDF5 has no checksum for texts, nor for scalars and empty arrays, which are not chunked.
    checksum = array.dtype != object and array.size > 0 and array.ndim > 0
    file.create_dataset(name, data=array, fletcher32=checksum or None)


@contextmanager
def open_hdf5(
    path: str | Path, kind: str, inputs: Mapping[str, str] | None = None
) -> Iterator[h5py.File]:
    """Yield the HDF5 file at `path`, opened for reading and checked.

    Parameters
    ----------
    path, kind
        The file, and which of `LAYOUTS` it must have.
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
        raise ArtifactError(f"{path} does not exist: run snakemake to make it")
    try:
        with h5py.File(path, "r") as file:
            _check_origin(file, kind, path, inputs or {})
            _check_layout(file, kind, path)
            yield file
    except OSError as error:  # truncated files, and chunks that fail their checksum
        raise ArtifactError(f"{path} is truncated or damaged ({error}): {FIX}") from error


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


def _check_layout(file: h5py.File, kind: str, path: Path) -> None:
    sizes: dict[str, int] = {}
    for name, (value, dimensions) in LAYOUTS[kind].items():
        if name not in file:
            if name in OPTIONAL:
                continue
            raise ArtifactError(f"{path} lacks the data set {name}: {FIX}")
        data, axes = file[name], dimensions.split()
        fits = data.dtype == (STRING if value == "str" else np.dtype(value))
        fits = fits and data.ndim == len(axes)
        fits = fits and all(
            sizes.setdefault(axis, size) == size
            for axis, size in zip(axes, data.shape, strict=True)
        )
        if not fits:
            raise ArtifactError(
                f"{path} holds {name} as {data.dtype}{data.shape} where {value} [{dimensions}] "
                f"with {sizes} is due: {FIX}"
            )


def _digest(file: h5py.File, kind: str, rows: int = 4096) -> str:
    sha = hashlib.sha256()
    for name in ("format", "format_version", "settings", "inputs", "identity"):
        sha.update(f"{name}={file.attrs[name]};".encode())
    for name in sorted(name for name in LAYOUTS[kind] if name in file):
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
