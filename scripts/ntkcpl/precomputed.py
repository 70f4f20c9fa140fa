"""Ready embeddings: a file that another program made, checked and rewritten as `features.h5`.

What its data sets are called, hold and measure is checked when the file is opened, which reads
none of them; what stands in them is checked while they are copied.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ntkcpl.artifacts.hdf5 import NewFile
    from ntkcpl.artifacts.provenance import Provenance

KINDS = {"floats": "f", "integers": "iu"}  # of data -> those of its numpy.dtype

# Data set -> (kind, named dimensions, whether it is needed); a dimension of one name has one size.
ACCEPTED: dict[str, tuple[str, str, bool]] = {
    "pool/embedding": ("floats", "N D", True),
    "pool/label": ("integers", "N", True),
    "test/embedding": ("floats", "T D", True),
    "test/label": ("integers", "T", True),
    "pool/views": ("floats", "N V D", False),
    "pool/id": ("text", "N", False),
    "test/id": ("text", "T", False),
    "classes": ("text", "C", False),
}
PARTS = ("pool", "test")
LARGEST_RATIO = 2000  # times as small as what they are packed from; deflate reaches 1032
BLOCK_BYTES = 2**24  # in memory at a time, of data that may be larger than it
KNN_SAMPLES = 50_000  # labelled samples for both checks at most, so that any pool is quick


class EmbeddingsError(Exception):
    """A file of embeddings cannot be used; the message is one sentence naming it and the fix."""


@contextmanager
def open_embeddings(path: str | Path) -> Iterator[h5py.File]:
    """Yield the file of embeddings at `path`, opened for reading, its layout checked.

    Raises
    ------
    EmbeddingsError
        If it is missing, truncated or no HDF5 file, or if a data set is missing, empty or of
        another type or shape than `ACCEPTED` says.
    """
    path = Path(path)
    if not path.is_file():
        raise EmbeddingsError(
            f"{path} is no file: name an HDF5 file of embeddings, relative to the working directory"
        )
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise EmbeddingsError(
            f"{path} is truncated or no HDF5 file ({error}): write it again"
        ) from error
    with file:
        _check_layout(file)
        yield file


def pool_shape(path: str | Path) -> tuple[int, int]:
    """Return the shape of the pool's embedding. Raises EmbeddingsError (see `open_embeddings`)."""
    with open_embeddings(path) as file:
        number, width = file["pool/embedding"].shape
        return number, width


def import_features(
    path: str | Path, source: str | Path, provenance: "Provenance", progress: bool = True
) -> None:
    """Write `features.h5` (see `ntkcpl.artifacts.features.LAYOUT`) from a file of ready embeddings.

    Without `pool/views` the embedding itself is an image's only view. Ids that are not given are
    the numbers of the rows, and names of classes the numbers up to the largest label. Further
    attributes are `knn_accuracy`, the leave-one-out k-NN accuracy of the pool's embeddings,
    `linear_accuracy`, the test accuracy of a linear probe (shares, of at most `KNN_SAMPLES`
    labelled images spread evenly over the pool, NaN without labels), and `seconds`.

    Parameters
    ----------
    path
        The file to write.
    source
        The file of embeddings, laid out as `ACCEPTED` says.
    provenance
        Where the file comes from; the digest of `source` belongs to its inputs.
    progress
        Whether to show a progress bar on stderr.

    Raises
    ------
    EmbeddingsError
        If `source` is unusable (see `open_embeddings`), or if in it a number is not finite, a
        label is out of range or an id stands twice.
    """
    from tqdm import tqdm

    from ntkcpl.artifacts.features import LAYOUT
    from ntkcpl.artifacts.hdf5 import create_hdf5
    from ntkcpl.encoders.quality import knn_accuracy, linear_accuracy

    start = time.perf_counter()
    with open_embeddings(source) as given, create_hdf5(path, LAYOUT, provenance) as file:
        labels = {part: _read(given, f"{part}/label") for part in PARTS}
        file.store("classes", _classes(given, labels))
        total = 2 * len(labels["pool"]) + len(labels["test"])
        with tqdm(total=total, desc="import", unit="image", disable=not progress) as bar:
            embeddings = {
                part: _embedding(given, f"{part}/embedding", bar.update) for part in PARTS
            }
            for part in PARTS:
                file.store(f"{part}/embedding", embeddings[part])
                file.store(f"{part}/label", labels[part].astype(np.int64))
                file.store(f"{part}/id", _ids(given, part))
            _store_views(file, given, bar.update)
        known = np.flatnonzero(labels["pool"] >= 0)
        some = known[np.linspace(0, len(known) - 1, min(len(known), KNN_SAMPLES), dtype=np.int64)]
        label = {part: labels[part].astype(np.int64) for part in PARTS}
        pool = embeddings["pool"][some], label["pool"][some]
        file.attrs["knn_accuracy"] = knn_accuracy(*pool)
        file.attrs["linear_accuracy"] = linear_accuracy(*pool, embeddings["test"], label["test"])
        file.attrs["seconds"] = time.perf_counter() - start


def _check_layout(file: h5py.File) -> None:
    path = file.filename
    sizes: dict[str, tuple[int, str]] = {}
    for name, (kind, dimensions, needed) in ACCEPTED.items():
        axes = dimensions.split()
        due = f"{kind} ({', '.join(axes)}{',' if len(axes) == 1 else ''})"
        if name not in file and not needed:
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


def _blocks(
    file: h5py.File, name: str, dtype: type[np.floating]
) -> Iterator[tuple[slice, NDArray[np.floating]]]:
    """Yield the rows of data set `name` and what stands there as `dtype`, block by block."""
    data = file[name]
    step = max(1, BLOCK_BYTES // (data.dtype.itemsize * int(np.prod(data.shape[1:]))))
    for start in range(0, len(data), step):
        rows = slice(start, min(start + step, len(data)))
        given = _read(file, name, rows)
        with np.errstate(over="ignore"):  # what `dtype` cannot hold is reported below
            block = given.astype(dtype)
        axes = tuple(range(1, block.ndim))
        bad = ~np.isfinite(block).all(axis=axes)
        if bad.any():
            row = int(bad.argmax())
            raise EmbeddingsError(
                f"{file.filename} holds in row {start + row} of {name} "
                + (
                    f"a number too large for {block.dtype}: scale the embeddings down"
                    if np.isfinite(given[row]).all()
                    else "a number that is not finite: compute that row again or leave it out"
                )
            )
        yield rows, block


def _embedding(
    file: h5py.File, name: str, on_block: Callable[[int], object]
) -> NDArray[np.float32]:
    """Return data set `name` as float32 (N, D)."""
    embedding = np.empty(file[name].shape, dtype=np.float32)
    for rows, block in _blocks(file, name, np.float32):
        embedding[rows] = block
        on_block(len(block))
    return embedding


def _store_views(file: "NewFile", given: h5py.File, on_block: Callable[[int], object]) -> None:
    """Write `pool/views`, float16 (N, V, D), block by block."""
    name = "pool/views" if "pool/views" in given else "pool/embedding"
    shape = given[name].shape
    number, views, width = shape if len(shape) == 3 else (shape[0], 1, shape[1])
    data = file.create("pool/views", (number, views, width))
    for rows, block in _blocks(given, name, np.float16):
        data[rows] = block.reshape(-1, views, width)
        on_block(len(block))


def _ids(file: h5py.File, part: str) -> list[str]:
    name = f"{part}/id"
    if name not in file:
        return [str(row) for row in range(len(file[f"{part}/label"]))]
    ids: list[str] = _read(file, name)
    first: dict[str, int] = {}
    for row, text in enumerate(ids):
        if first.setdefault(text, row) != row:
            raise EmbeddingsError(
                f"{file.filename} holds {text!r} in rows {first[text]} and {row} of {name}: give "
                "each image an id of its own"
            )
    return ids


def _classes(file: h5py.File, labels: dict[str, NDArray[np.integer]]) -> list[str]:
    """Return the names of the classes, after checking that `labels` fit them."""
    if "classes" in file:
        classes: list[str] = _read(file, "classes")
        number, fix = len(classes), "number the classes from 0 in the order of classes"
    else:
        # Many more than there are images can only be other numbers than those of classes.
        number = sum(map(len, labels.values()))
        number = min(number, 1 + max(int(label.max()) for label in labels.values()))
        fix = "add classes"
        classes = [str(c) for c in range(number)]
        if not classes:
            raise EmbeddingsError(f"{file.filename} holds neither a label nor classes: {fix}")
    for part, label in labels.items():
        bad = (label < -1) | (label >= number)
        if bad.any():
            row = int(bad.argmax())
            raise EmbeddingsError(
                f"{file.filename} holds {label[row]} in row {row} of {part}/label, expected -1 "
                f"(unknown) to {number - 1}: {fix}"
            )
    return classes
