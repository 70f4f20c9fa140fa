"""Functions compiled by numba, kept from run to run in files that are verified before their use.

numba reads what it kept as a pickle of machine code: what is damaged there would stop every later
run, or compute something else.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

from ntkcpl.artifacts.files import ArtifactError
from ntkcpl.artifacts.sealed import WHOLE, SealedFile, sealed

log = logging.getLogger(__name__)


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator as `numba.njit(cache=True, **options)`, whose cache is verified.

    Raises
    ------
    RuntimeError
        If there is no place to keep what is compiled.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = njit(**options)(function)
        try:
            dispatcher._cache = _Cache(function)
        except RuntimeError as error:
            raise RuntimeError(
                "numba finds no place to keep what it compiles: set the environment variable "
                "NUMBA_CACHE_DIR to a folder that can be written"
            ) from error
        return dispatcher

    return decorate


class _Cache(FunctionCache):
    """numba's cache of a function, in verified files."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _VerifiedFiles(
            self.cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, where there is room; it is used either way."""
        try:
            super().save_overload(sig, data)
        except (ArtifactError, OSError) as error:
            log.warning("what numba compiles is not kept: %s", error)


class _VerifiedFiles(IndexDataCacheFile):
    """The index of a cache, and what it lists; what is damaged counts as missing."""

    def _load_index(self) -> dict[Any, str]:
        index: dict[Any, str] = super()._load_index() if _is_whole(self._index_path) else {}
        return index

    def _load_data(self, name: str) -> Any:
        if not _is_whole(self._data_path(name)):
            raise OSError  # by which numba knows that there is none
        return super()._load_data(name)

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[Any]:
        with sealed(filepath, WHOLE) as file:
            yield file


def _is_whole(path: str) -> bool:
    if not Path(path).exists():
        return False
    try:
        with SealedFile(path) as file:
            file.verify()
    except ArtifactError as error:
        log.warning("%s; it is compiled again", error)
        return False
    return True
