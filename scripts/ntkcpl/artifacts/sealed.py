"""Files that end in checksums of all their bytes, verified before anybody makes sense of them.

After the content come the SHA-256 of each of its blocks and a line that is the SHA-256 of these.
HDF5 and torch overlook what follows their content, so other programs read such files as ever.
"""

import hashlib
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, SupportsIndex

from typing_extensions import Buffer, override

from ntkcpl.artifacts.files import FIX, ArtifactError, atomic, open_file, unwritable, write_text

ROWS = 2**16  # of a file that is read for few rows at a time
WHOLE = 2**24  # of one that is read whole; torch wants its end within the last 65 kB of the file

LAST_LINE = b"\nsha256 of %020d bytes in blocks of %010d: "
LINE = re.compile(rb"\nsha256 of (\d{20}) bytes in blocks of (\d{10}): ([0-9a-f]{64})\n")
LENGTH = len(LAST_LINE % (0, 0)) + 65
DIGEST = 32  # bytes


class NewFile(io.FileIO):
    """A file to be written by a library that does not survive it when there is no room.

    HDF5 and torch print tracebacks or crash, HDF5 also where it does not read what it has written.
    So they are told that all is well, and the first error is kept, with what there is no room for.

    Attributes
    ----------
    error
        The error, if there was one: what was written since then is in memory alone.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._path = path
        self.error: OSError | None = None
        self._in_memory: list[tuple[int, bytes]] = []  # where it belongs, and what

    @override
    def write(self, data: Buffer, /) -> int:
        left, end = memoryview(data).cast("B"), self.tell() + memoryview(data).nbytes
        try:
            while left and not self.error:
                left = left[super().write(left) :]
        except OSError as error:
            self.error = error
        if left:
            self._in_memory.append((end - len(left), bytes(left)))
            super().seek(end)
        return memoryview(data).nbytes

    @override
    def readinto(self, buffer: Any, /) -> int:
        view, start = memoryview(buffer).cast("B"), self.tell()
        number = super().readinto(view) or 0
        if not self._in_memory:
            return number
        held = max(number, min(len(view), self.seek(0, os.SEEK_END) - start))
        view[number:held] = bytes(held - number)
        for at, content in self._in_memory:
            first, last = max(at, start), min(at + len(content), start + held)
            if first < last:
                view[first - start : last - start] = content[first - at : last - at]
        super().seek(start + held)
        return held

    @override
    def seek(self, offset: SupportsIndex, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_END and self._in_memory:
            ends = [at + len(content) for at, content in self._in_memory]
            return super().seek(max(super().seek(0, whence), *ends) + int(offset))
        return super().seek(int(offset), whence)

    @override
    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0

    def check(self) -> None:
        """Raise ArtifactError if something could not be written."""
        if self.error:
            raise unwritable(self._path, self.error) from self.error


@contextmanager
def sealed(path: str | Path, block: int, former: Path | None = None) -> Iterator[NewFile]:
    """Yield a file to write into, which becomes `path`, with its checksums, if the block succeeds.

    Parameters
    ----------
    path
        The file.
    block
        Bytes that a checksum is of, hence that are read at least: `ROWS` or `WHOLE`.
    former
        What was at `path` becomes this, if it is given.

    Raises
    ------
    ArtifactError
        If it cannot be written.
    """
    with atomic(path, former) as temporary, NewFile(temporary) as file:
        file._path = Path(path)
        try:
            yield file
        except BaseException:
            file.check()  # of which all that came after it may be the consequence
            raise
        file.seek(0)
        digests = bytearray()
        while content := _read_block(file, block):
            digests += hashlib.sha256(content).digest()
        line = LAST_LINE % (file.seek(0, os.SEEK_END), block)
        file.write(digests + line + _root(line, digests) + b"\n")
        file.check()


class SealedFile(io.RawIOBase):
    """The content of a file that ends in checksums; each block is verified when it is first read.

    Raises
    ------
    ArtifactError
        If the file is missing or no file, if it does not end in checksums; on reading, if a block
        does not fit its own.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = open_file(path)
        self._at = 0
        try:
            self._read_checksums()
        except BaseException:
            self._file.close()
            raise

    def _read_checksums(self) -> None:
        length = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, length - LENGTH))
        line = LINE.fullmatch(self._file.read())
        if not line:
            raise ArtifactError(
                f"{self.path} does not end in its checksums: it was cut, or written by another "
                f"program or an earlier version: {FIX}"
            )
        self._size, self._block = int(line[1]), int(line[2])
        blocks = -(-self._size // self._block) if self._block else 0
        if self._size + DIGEST * blocks + LENGTH != length:
            raise self._damaged()
        self._file.seek(self._size)
        self._digests = self._file.read(DIGEST * blocks)
        if _root(line[0][:-65], self._digests) != line[3]:
            raise self._damaged()
        self._verified = bytearray(blocks)
        self._seal = line[3].decode()

    def _damaged(self) -> ArtifactError:
        return ArtifactError(f"{self.path} is damaged, it does not fit its checksums: {FIX}")

    @override
    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        view = view[: max(0, self._size - self._at)]
        try:
            self._fill(self._at, view)
            self._verify(self._at, view)
        except OSError as error:
            raise ArtifactError(f"{self.path} cannot be read ({error}): {FIX}") from error
        self._at += len(view)
        return len(view)

    def _fill(self, start: int, view: memoryview) -> None:
        self._file.seek(start)
        while view:
            number = self._file.readinto(view)
            if not number:  # it was cut since
                raise self._damaged()
            view = view[number:]

    def _verify(self, start: int, view: memoryview) -> None:
        """Verify the blocks that `view`, read from `start` on, has a part of."""
        end = start + len(view)
        for number in range(start // self._block, -(-end // self._block)):
            if self._verified[number]:
                continue
            first = number * self._block
            last = min(first + self._block, self._size)
            if start <= first and last <= end:
                content = view[first - start : last - start]
            else:
                content = memoryview(bytearray(last - first))
                self._fill(first, content)
            place = slice(DIGEST * number, DIGEST * (number + 1))
            if hashlib.sha256(content).digest() != self._digests[place]:
                raise self._damaged()
            self._verified[number] = True

    def verify(self) -> None:
        """Read all of it. Raises ArtifactError if something is damaged."""
        self.seek(0)
        while self.read(WHOLE):
            pass

    def verify_once(self) -> None:
        """Verify all of it, unless that was done since it was changed last.

        That it was is remembered beside it: its size, its time of change, and its seal.
        Raises ArtifactError if something is damaged.
        """
        said = os.fstat(self._file.fileno())
        now = f"{said.st_size} {said.st_mtime_ns} {self._seal}\n"
        memory = self.path.with_name(f".{self.path.name}.verified")
        with suppress(OSError):
            if memory.read_text() == now:
                return
        self.verify()
        with suppress(ArtifactError):  # where nothing can be written it is verified each time
            write_text(memory, now)

    @override
    def seek(self, offset: SupportsIndex, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = base + int(offset)
        return self._at

    @override
    def tell(self) -> int:
        return self._at

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def close(self) -> None:
        if hasattr(self, "_file"):  # not where there was nothing to open
            self._file.close()
        super().close()


def _read_block(file: io.FileIO, size: int) -> bytes:
    """Read `size` bytes, fewer at the end only."""
    content = file.read(size)
    while len(content) < size and (more := file.read(size - len(content))):
        content += more
    return content


def _root(line: bytes, digests: bytes | bytearray) -> bytes:
    return hashlib.sha256(line + digests).hexdigest().encode()
