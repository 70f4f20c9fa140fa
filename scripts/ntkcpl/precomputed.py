"""Ready embeddings: what another program made, checked and rewritten as `features.h5`.

What its data sets are called, hold and measure is checked when the file is opened, which reads
none of them; what stands in them is checked while they are copied.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ntkcpl.ready_files import PARTS, EmbeddingsError, Source, open_file
from ntkcpl.shard_folder import FolderSource, FormerImport, all_files, read_former

if TYPE_CHECKING:
    from ntkcpl.artifacts.hdf5 import NewFile
    from ntkcpl.artifacts.provenance import Provenance

__all__ = ["EmbeddingsError", "embeddings_digest", "files_of", "import_features"]
KNN_SAMPLES = 50_000  # labelled samples for both checks at most, so that any pool is quick


@contextmanager
def open_embeddings(path: str | Path, former: FormerImport | None = None) -> Iterator[Source]:
    """Yield the embeddings at `path`, an HDF5 file or a folder of shards, their layout checked.

    Of a folder, what a `former` import has read is not read again.

    Raises
    ------
    EmbeddingsError
        If it is missing, truncated or no HDF5 file, or if a data set is missing, empty or of
        another type or shape than `ACCEPTED` says; of a folder, see `shards.Shards`.
    """
    path = Path(path)
    if path.is_dir():
        yield FolderSource(path, former)
        return
    with open_file(path) as source:
        yield source


def pool_shape(path: str | Path) -> tuple[int, int]:
    """Return the shape of the pool's embedding. Raises EmbeddingsError (see `open_embeddings`)."""
    with open_embeddings(path) as source:
        return source.shape("pool")


def unknown_labels(path: str | Path) -> list[str]:
    """Return which of `ready_files.KNOWN` are not there, needed unless people label the pool.

    Of a folder nothing: whether there are labels only reading all of its shards tells.
    """
    path = Path(path)
    if path.is_dir():
        return []
    with open_file(path) as source:
        return source.unknown()


def files_of(path: str | Path) -> list[Path]:
    """Return the files that embeddings at `path` are read from."""
    path = Path(path)
    return all_files(path) if path.is_dir() else [path]


def embeddings_digest(path: str | Path) -> str:
    """Return the SHA-256 of the file at `path`, or of the names and digests of a folder's files."""
    with open_embeddings(path) as source:
        return source.digest()


def import_features(
    path: str | Path,
    source: str | Path,
    provenance: "Provenance",
    progress: bool = True,
    to_be_labelled: bool = False,
) -> None:
    """Write `features.h5` (see `ntkcpl.artifacts.features.LAYOUT`) from ready embeddings.

    Of a folder whose shards only others have been put behind since the `features.h5` was written
    that is there, these alone are read; the result is the same as if all were.

    Without `pool/views` the embedding itself is an image's only view, and is not stored twice. An
    embedding in float16 stays so, others are stored in float32. Ids that are not given are
    the numbers of the rows, and names of classes the numbers up to the largest label. Further
    attributes are `knn_accuracy`, the leave-one-out k-NN accuracy of the pool's embeddings,
    `linear_accuracy`, the test accuracy of a linear probe (shares, of at most `KNN_SAMPLES`
    labelled images spread evenly over the pool, NaN without labels), `shards`, what those of a
    folder are (JSON, see `shard_folder.ShardRecord`), and `seconds`.

    Parameters
    ----------
    path
        The file to write.
    source
        The file of embeddings, laid out as `ACCEPTED` says, or a folder of shards.
    provenance
        Where the file comes from; the digest of `source` is added to its inputs.
    progress
        Whether to show a progress bar on stderr.
    to_be_labelled
        Whether people are to label the pool: it may then hold neither labels nor classes.

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
    with (
        open_embeddings(source, read_former(path, provenance)) as given,
        create_hdf5(path, LAYOUT, provenance.made_from(embeddings=given.digest())) as file,
    ):
        label = {part: given.label(part) for part in PARTS}
        classes = _classes(given, label)
        if not classes and not to_be_labelled:
            raise EmbeddingsError(f"{given.name} holds neither a label nor classes: add classes")
        file.store("classes", classes)
        total = sum(map(len, label.values())) + (len(label["pool"]) if given.has_views else 0)
        with tqdm(total=total, desc="import", unit="image", disable=not progress) as bar:
            known = np.flatnonzero(label["pool"] >= 0)
            number = min(len(known), KNN_SAMPLES)
            some = known[np.linspace(0, len(known) - 1, number, dtype=np.int64)]
            sample = _store_pool(file, given, some, bar.update)
            test = np.empty(given.shape("test"), dtype=np.float32)
            for rows, block in given.blocks("test/embedding", np.dtype(np.float32)):
                test[rows] = block
                bar.update(len(block))
            file.store("test/embedding", test)
            for part in PARTS:
                file.store(f"{part}/label", label[part])
                file.store(f"{part}/id", given.id(part))
            _store_views(file, given, bar.update)
        file.attrs.update(given.attributes())
        pool = sample, label["pool"][some]
        file.attrs["knn_accuracy"] = knn_accuracy(*pool)
        file.attrs["linear_accuracy"] = linear_accuracy(*pool, test, label["test"])
        file.attrs["seconds"] = time.perf_counter() - start


def _store_pool(
    file: "NewFile",
    given: Source,
    some: NDArray[np.int64],
    on_block: Callable[[int], object],
) -> NDArray[np.float32]:
    """Write `pool/embedding` block by block; return some rows of it, increasing, as float32."""
    shape, dtype = given.shape("pool"), given.dtype()
    data = file.create("pool/embedding", shape, dtype)
    sample = np.empty((len(some), shape[1]), dtype=np.float32)
    for rows, block in given.blocks("pool/embedding", dtype):
        data[rows] = block
        low, high = np.searchsorted(some, [rows.start, rows.stop])
        sample[low:high] = block[some[low:high] - rows.start]
        on_block(len(block))
    return sample


def _store_views(file: "NewFile", given: Source, on_block: Callable[[int], object]) -> None:
    """Write `pool/views`, float16 (N, V, D), or that the embedding is the only view."""
    from ntkcpl.artifacts.features import ITSELF

    data = file.create("pool/views", given.views_shape())
    if not given.has_views:
        file.attrs["only_view"] = ITSELF
        return
    for rows, block in given.blocks("pool/views", np.dtype(np.float16)):
        data[rows] = block
        on_block(len(block))


def _classes(given: Source, labels: dict[str, NDArray[np.int64]]) -> list[str]:
    """Return the names of the classes, after checking that `labels` fit them."""
    if given.classes is not None:
        classes = given.classes
        number, fix = len(classes), "number the classes from 0 in the order of classes"
    else:
        # Many more than there are images can only be other numbers than those of classes.
        number = sum(map(len, labels.values()))
        number = min(number, 1 + max(int(label.max(initial=-1)) for label in labels.values()))
        fix = "add classes"
        classes = [str(c) for c in range(number)]
    for part, label in labels.items():
        bad = (label < -1) | (label >= number)
        if bad.any():
            row = int(bad.argmax())
            raise EmbeddingsError(
                f"{given.name} holds {label[row]} in row {row} of {part}/label, expected -1 "
                f"(unknown) to {number - 1}: {fix}"
            )
    return classes
