"""Files that appear whole or not at all, and that can be read; what cannot be used says why.

A stage's file appears under its own name only when it is complete and on the disk: it is written
under a temporary name and renamed. What cannot be written or read raises `ArtifactError`, whose
message is one sentence naming the file and the fix. `docs/artifacts.md` describes the layouts for
people.
"""

import errno
import fcntl
import hashlib
import io
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from ntkcpl.refusal import Refusal

# Not "delete": whoever put it there may want it.
FIX = "move it away and run again"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


class ArtifactError(Refusal):
    """A file cannot be used; the message is one sentence naming the file and the fix."""


@contextmanager
def atomic(path: str | Path, former: Path | None = None) -> Iterator[Path]:
    """Yield a temporary path next to `path` that becomes `path` if the block succeeds.

    The temporary file is there and empty, has a name of its own, and is locked by its writer: what
    a killed job left behind is deleted here, what another one is still writing is not. What was at
    `path` becomes `former`, if that is given.

    Raises
    ------
    ArtifactError
        If there is no room, or nothing can be written there. All other errors of the block are the
        caller's.
    """
    path = Path(path)
    with _temporary(path) as (temporary, lock):
        yield temporary
        os.fsync(lock)
        if former:
            with suppress(FileNotFoundError):
                path.replace(former)
        temporary.replace(path)
        _sync_folder(path.parent)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder next to `path` that becomes `path` if the block succeeds.

    What was at `path` is deleted. For the rest as `atomic`, whose errors it raises.
    """
    path = Path(path)
    with _temporary(path, folder=True) as (temporary, _):
        yield temporary
        _put_in_place(temporary, path)
        _sync_folder(path.parent)


def unwritable(path: Path, error: OSError) -> ArtifactError:
    """Return the sentence about a file that cannot be written."""
    return ArtifactError(
        f"{path} cannot be written ({error.strerror or error}): see to that and run again"
    )


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def open_file(path: str | Path) -> io.FileIO:
    """Open a file for reading; what is none is refused, and never waited for.

    Raises
    ------
    ArtifactError
        If it is missing, a folder, a pipe or a device, or may not be read.
    """
    try:
        # Of a pipe that nobody writes into, an ordinary open would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} does not exist: run the stage that makes it") from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror}): {FIX}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArtifactError(f"{path} is no file, but a folder, pipe or device: {FIX}")
    return os.fdopen(descriptor, "rb", buffering=0)


@cache
def content_digest(path: str | Path) -> str:
    """Return the SHA-256 of the bytes of a file. Raises ArtifactError as `open_file` does."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _temporary(path: Path, folder: bool = False) -> Iterator[tuple[Path, int]]:
    """Yield a new file or folder beside `path`, which is deleted if the block fails.

    With it its descriptor, which holds it locked.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        temporary, lock = _new_temporary(path, folder)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        yield temporary, lock
    except BaseException as error:
        with suppress(FileNotFoundError):
            _remove(temporary)
        if isinstance(error, OSError) and error.errno in FULL:
            raise unwritable(path, error) from error
        raise
    finally:
        os.close(lock)


def _new_temporary(path: Path, folder: bool) -> tuple[Path, int]:
    # In the moment before it is locked, another process may take it for stale.
    while True:
        temporary = _temporary_name(path)
        if folder:
            temporary.mkdir()
            try:
                lock = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue
        else:
            lock = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        with suppress(OSError):  # some file systems have no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        if temporary.exists():
            return temporary, lock
        os.close(lock)


def _temporary_name(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(3)}.tmp")


def _remove_stale(path: Path) -> None:
    """Delete the temporary files of `path` that nobody holds locked: their writers are dead."""
    for stale in path.parent.glob(f"{_literal(path.name)}.*.tmp"):
        with suppress(OSError):
            lock = os.open(stale, os.O_RDONLY | os.O_NONBLOCK)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(stale)
            finally:
                os.close(lock)


def _remove(path: Path) -> None:
    """Delete a file, or a folder with what is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _put_in_place(folder: Path, path: Path) -> None:
    """Rename a folder to `path`, once what is there has another name, under which it is deleted."""
    while True:
        try:
            folder.rename(path)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        old = _temporary_name(path)
        with suppress(FileNotFoundError):  # another process was faster
            path.rename(old)
        shutil.rmtree(old, ignore_errors=True)


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _sync_folder(folder: Path) -> None:
    """Make a renaming last; what cannot be synchronised (some network file systems) stays so."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
