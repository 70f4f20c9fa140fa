"""Ready embeddings in a folder of shards, as other programs write them: .npy files, or parquet.

The pool is the shards in the folder, or in its subfolder `pool`, one after the other by their
names; the test set, if there is one, is those in `test`. A shard `a.npy` holds (n, D) floats;
beside it, `a.label.npy` may hold n integers and `a.id.txt` n lines. A parquet file has a column
`embedding` of lists, and may have `label` and `id`. `classes.txt` may name the classes, a line
each. An image without an id is known by its shard's name and its row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntkcpl.ready_files import BLOCK_BYTES, EmbeddingsError, distinct, finite

SUFFIXES = (".npy", ".parquet")
LABEL, ID = ".label.npy", ".id.txt"


def shard_files(folder: Path) -> dict[str, list[Path]]:
    """Return the shards of `pool` and `test`, each by their names."""
    pool = folder / "pool" if (folder / "pool").is_dir() else folder
    return {"pool": _embeddings(pool), "test": _embeddings(folder / "test")}


def all_files(folder: Path) -> list[Path]:
    """Return all files that are read: shards, what stands beside them, and the classes' names."""
    found = [folder / "classes.txt"]
    for shard in (shard for shards in shard_files(folder).values() for shard in shards):
        found += [shard, *(_beside(shard, end) for end in (LABEL, ID) if shard.suffix == ".npy")]
    return [path for path in found if path.is_file()]


def _embeddings(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    try:
        shards = [path for path in folder.iterdir() if path.suffix in SUFFIXES]
    except OSError as error:
        raise EmbeddingsError(f"{folder} cannot be read ({error.strerror}): let it be") from error
    return sorted(p for p in shards if not p.name.endswith(LABEL) and _is_there(p))


def _beside(shard: Path, end: str) -> Path:
    return shard.with_name(shard.stem + end)


def _is_there(path: Path) -> bool:
    """Whether there is such a file. Raises EmbeddingsError if it is a folder, pipe or bad link."""
    if not path.is_file() and (path.is_symlink() or path.exists()):
        raise EmbeddingsError(f"{path} is no file: put the file itself there, or take it away")
    return path.exists()


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EmbeddingsError(f"{path} is no text in UTF-8 ({error}): write it again") from error
    return text.split("\n") if text else []


@dataclass(frozen=True)
class Shard:
    """One file: nothing of it is read before it is asked for, but its shape.

    Attributes
    ----------
    path
        The file.
    shape
        (n, D).
    dtype
        Of its embeddings.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype[Any]

    @classmethod
    def open(cls, path: Path) -> "Shard":
        """Look at a file. Raises EmbeddingsError if it is no shard."""
        if path.suffix == ".npy":
            rows = _load(path)
            if rows.ndim != 2 or rows.dtype.kind != "f" or not rows.size:
                raise EmbeddingsError(
                    f"{path} holds {rows.dtype} {rows.shape}: store floats (n, D)"
                )
            number, width = rows.shape
            return cls(path, (number, width), rows.dtype)
        file = _parquet(path)
        if "embedding" not in file.schema_arrow.names:
            raise EmbeddingsError(f"{path} lacks the column embedding: add it, lists of D floats")
        first = next(file.iter_batches(1, columns=["embedding"]), None)
        if first is None:
            raise EmbeddingsError(f"{path} holds no rows: fill it or take it away")
        rows = _lists(path, first.column(0), 1)
        return cls(path, (file.metadata.num_rows, rows.shape[1]), rows.dtype)

    def blocks(self, rows: int) -> Iterator[NDArray[np.floating]]:
        """Yield the embeddings, so many rows at a time, in their order."""
        if self.path.suffix == ".npy":
            mapped = _load(self.path)
            for start in range(0, len(mapped), rows):
                yield np.array(mapped[start : start + rows])
            return
        for batch in _parquet(self.path).iter_batches(rows, columns=["embedding"]):
            yield _lists(self.path, batch.column(0), len(batch))

    def label(self) -> NDArray[np.int64] | None:
        """Return the labels, int64 (n,), if there are any."""
        if self.path.suffix == ".npy":
            path = _beside(self.path, LABEL)
            label = _load(path) if _is_there(path) else None
        else:
            path, label = self.path, self._column("label")
        if label is None:
            return None
        if label.shape != self.shape[:1] or label.dtype.kind not in "iu":
            held = f"{label.dtype} {label.shape}"
            raise EmbeddingsError(f"{path} holds labels as {held}: store {self.shape[0]} integers")
        return label.astype(np.int64)

    def id(self) -> list[str]:
        """Return the ids, n texts: the shard's name and the row where none are given."""
        if self.path.suffix == ".npy":
            path = _beside(self.path, ID)
            ids = _lines(path) if _is_there(path) else None
        else:
            path, column = self.path, self._column("id")
            ids = None if column is None else [str(text) for text in column]
        if ids is None:
            return [f"{self.path.name}:{row}" for row in range(self.shape[0])]
        if len(ids) != self.shape[0]:
            raise EmbeddingsError(f"{path} holds {len(ids)} ids: store {self.shape[0]}, one a row")
        return ids

    def _column(self, name: str) -> NDArray[Any] | None:
        file = _parquet(self.path)
        if name not in file.schema_arrow.names:
            return None
        column: NDArray[Any] = file.read([name]).column(0).to_numpy()
        return column


class Shards:
    """The shards of a pool or a test set as one array of rows.

    Attributes
    ----------
    shape
        (N, D).
    dtype
        float16 where all are, else float32.

    Raises
    ------
    EmbeddingsError
        If there is none, if one cannot be read, or if they differ in width or in having labels.
    """

    def __init__(self, folder: Path, files: list[Path]) -> None:
        self.folder = folder
        self.shards = [Shard.open(path) for path in files]
        if not self.shards:
            raise EmbeddingsError(
                f"{folder} holds no shard: name an HDF5 file, or a folder of .npy or parquet files"
            )
        first = self.shards[0]
        for shard in self.shards:
            if shard.shape[1] != first.shape[1]:
                raise EmbeddingsError(
                    f"{shard.path} holds embeddings of {shard.shape[1]} numbers, {first.path} of "
                    f"{first.shape[1]}: all must be of one encoder"
                )
        self.shape = (sum(shard.shape[0] for shard in self.shards), first.shape[1])
        half = all(shard.dtype == np.float16 for shard in self.shards)
        self.dtype = np.dtype(np.float16 if half else np.float32)

    def blocks(self, rows: int) -> Iterator[tuple[str, int, NDArray[np.floating]]]:
        """Yield each shard's name, the row of it that a block begins with, and the block."""
        for shard in self.shards:
            start = 0
            for block in shard.blocks(rows):
                yield shard.path.name, start, block
                start += len(block)

    @cached_property
    def label(self) -> NDArray[np.int64]:
        """Labels, int64 (N,), -1 where no shard has any."""
        labels = [shard.label() for shard in self.shards]
        known = [label for label in labels if label is not None]
        if not known:
            return np.full(self.shape[0], -1)
        if len(known) < len(labels):
            without = self.shards[[label is None for label in labels].index(True)]
            raise EmbeddingsError(f"{without.path} has no labels, others have: give all, or none")
        return np.concatenate(known)

    @property
    def id(self) -> list[str]:
        """Ids, N texts."""
        return [text for shard in self.shards for text in shard.id()]


class FolderSource:
    """Embeddings in a folder of shards. Raises EmbeddingsError, as its methods do."""

    has_views = False

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._shards = {
            part: Shards(folder, files)
            for part, files in shard_files(folder).items()
            if files or part == "pool"
        }
        names = folder / "classes.txt"
        self.classes = _lines(names) if _is_there(names) else None

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
        for shard, start, block in self._shards[part].blocks(max(1, BLOCK_BYTES // (4 * width))):
            yield slice(at, at + len(block)), finite(block, dtype, self.name, start, shard)
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


def _load(path: Path) -> NDArray[Any]:
    try:
        mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy raises whatever Python's parser does
        reason = " ".join(str(error).split())
        raise EmbeddingsError(
            f"{path} is truncated or no .npy file ({reason}): write it again"
        ) from error
    return mapped


def _parquet(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise EmbeddingsError(
            f"{path} can be read with pyarrow only: pip install pyarrow"
        ) from error
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise EmbeddingsError(
            f"{path} is truncated or no parquet ({reason}): write it again"
        ) from error


def _lists(path: Path, column: Any, number: int) -> NDArray[np.floating]:
    """Return a column of lists as an array (number, D)."""
    values = column.flatten().to_numpy(zero_copy_only=False)
    lengths = {len(row) if row is not None else 0 for row in column}
    if len(lengths) != 1 or not len(values) or values.dtype.kind != "f":
        raise EmbeddingsError(
            f"{path} holds in embedding other than lists of D floats: write it again"
        )
    rows: NDArray[np.floating] = values.reshape(number, -1)
    return rows
