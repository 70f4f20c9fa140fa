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
from typing_extensions import override

from ntkcpl.ready_files import EmbeddingsError, finite

SUFFIXES = (".npy", ".parquet")
LABEL, ID = ".label.npy", ".id.txt"


def shard_files(folder: Path) -> dict[str, list[Path]]:
    """Return the shards of `pool` and `test`, each by their names."""
    pool = folder / "pool" if (folder / "pool").is_dir() else folder
    return {"pool": _embeddings(pool), "test": _embeddings(folder / "test")}


def files_of(shard: Path) -> list[Path]:
    """Return the files that a shard is read from: itself, and those of labels and ids beside it."""
    beside = [_beside(shard, end) for end in (LABEL, ID) if shard.suffix == ".npy"]
    return [shard, *filter(Path.is_file, beside)]


def _embeddings(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    try:
        shards = [path for path in folder.iterdir() if path.suffix in SUFFIXES]
    except OSError as error:
        raise EmbeddingsError(f"{folder} cannot be read ({error.strerror}): let it be") from error
    return sorted(p for p in shards if not p.name.endswith(LABEL) and is_there(p))


def _beside(shard: Path, end: str) -> Path:
    return shard.with_name(shard.stem + end)


def is_there(path: Path) -> bool:
    """Whether there is such a file. Raises EmbeddingsError if it is a folder, pipe or bad link."""
    if not path.is_file() and (path.is_symlink() or path.exists()):
        raise EmbeddingsError(f"{path} is no file: put the file itself there, or take it away")
    return path.exists()


def lines(path: Path) -> list[str]:
    """Return the lines of a text. Raises EmbeddingsError if it is none."""
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

    def blocks(self, rows: int, dtype: np.dtype[Any]) -> Iterator[NDArray[np.floating]]:
        """Yield the embeddings, so many rows at a time, in their order, all finite."""
        start = 0
        for block in self._stored(rows):
            yield finite(block, dtype, str(self.path.parent), start, self.path.name)
            start += len(block)

    def _stored(self, rows: int) -> Iterator[NDArray[np.floating]]:
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
            label = _load(path) if is_there(path) else None
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
            ids = lines(path) if is_there(path) else None
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


@dataclass(frozen=True)
class ImportedShard(Shard):
    """One that was imported before: its file is not opened, what came of it is known to be right.

    Attributes
    ----------
    embedding, labels, ids
        (n, D), (n,) or None, and n texts.
    """

    embedding: NDArray[np.floating]
    labels: NDArray[np.int64] | None
    ids: list[str]

    @override
    def blocks(self, rows: int, dtype: np.dtype[Any]) -> Iterator[NDArray[np.floating]]:
        for start in range(0, len(self.embedding), rows):
            yield self.embedding[start : start + rows].astype(dtype, copy=False)

    @override
    def label(self) -> NDArray[np.int64] | None:
        return self.labels

    @override
    def id(self) -> list[str]:
        return self.ids


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

    def __init__(self, folder: Path, shards: list[Shard]) -> None:
        self.shards = shards
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

    def blocks(self, rows: int, dtype: np.dtype[Any]) -> Iterator[NDArray[np.floating]]:
        """Yield the embeddings, so many rows at a time at most."""
        for shard in self.shards:
            yield from shard.blocks(rows, dtype)

    @cached_property
    def _known(self) -> list[NDArray[np.int64]]:
        labels = [shard.label() for shard in self.shards]
        known = [label for label in labels if label is not None]
        if known and len(known) < len(labels):
            without = self.shards[[label is None for label in labels].index(True)]
            raise EmbeddingsError(f"{without.path} has no labels, others have: give all, or none")
        return known

    @property
    def labelled(self) -> bool:
        """Whether they have labels."""
        return bool(self._known)

    @property
    def label(self) -> NDArray[np.int64]:
        """Labels, int64 (N,), -1 where no shard has any."""
        return np.concatenate(self._known) if self.labelled else np.full(self.shape[0], -1)

    @property
    def id(self) -> list[str]:
        """Ids, N texts."""
        return [text for shard in self.shards for text in shard.id()]


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
