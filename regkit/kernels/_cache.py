"""Where compiled kernels are looked for, and kept: with the package, then on disk."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    NullCache,
)
from numba.core.runtime import rtsys

from regkit.kernels import _shipped
from regkit.kernels._claims import claim, release
from regkit.kernels._target import sources

try:
    from numba.core.caching import InTreeCacheLocator
except ImportError:  # Numba 0.61
    from numba.core.caching import _InTreeCacheLocator as InTreeCacheLocator


class _InstalledLocator(InTreeCacheLocator):
    """Looks beside the installed sources, whether or not anything can be written."""

    def ensure_cache_path(self) -> None:
        pass


class _InstalledImplementation(CompileResultCacheImpl):
    _locator_classes = (_InstalledLocator,)


class _InstalledFiles(FunctionCache):
    _impl_class = _InstalledImplementation


class _Files(IndexDataCacheFile):
    """A kernel's files, named after the sources and the Numba they were made with.

    Numba's own names are the same for all, and an index that is out of date is begun
    anew: it may then refer for a while to files of earlier sources or versions.
    """

    def __init__(self, numbas: IndexDataCacheFile, is_part: bool) -> None:
        kernel = Path(numbas._index_name).stem + (".part" if is_part else "")
        self._kernel = f"{kernel}.{numba.__version__}"
        super().__init__(
            numbas._cache_path,
            f"{self._kernel}-{sources()[:16]}",
            numbas._source_stamp,
        )

    def save(self, key: Any, data: Any) -> None:
        """Save machine code, and remove what earlier sources left behind."""
        index = Path(self._index_path)
        if not index.exists():
            for old in index.parent.glob(f"{self._kernel}-*"):
                with suppress(OSError):
                    old.unlink()
        super().save(key, data)


class KernelCache(NullCache):
    """What Numba asks for a kernel before it compiles, and hands it to afterwards.

    Numba raises whatever unpickling a damaged file or writing to a full, read-only or
    vanished directory raises. A cache is no reason for a fit to fail: a file that
    cannot be used is one that is not there.

    Numba holds a lock whenever it calls these methods. Between two processes, the one
    that comes second waits for what the first compiles.

    A function may be compiled as a part as well (see `regkit.kernels._parts`), which is
    kept apart; parts are not shipped.
    """

    def __init__(self, function: Any, is_part: bool) -> None:
        self._function = function
        self._is_part = is_part
        self._opened = False
        self._writable: FunctionCache | None = None
        self._installed: FunctionCache | None = None
        self._claimed = 0  # a kernel may be compiled while it is being compiled

    @property
    def cache_path(self) -> str | None:
        self._open()
        return None if self._writable is None else self._writable.cache_path

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        # All that machine code needs. Numba would load the implementations of all that
        # it can compile, which takes longer than everything else here.
        rtsys.initialize(target_context)
        if not self._is_part:
            found = _shipped.load(self._function, tuple(sig), target_context)
            if found is not None:
                return found
        self._open()
        found = self._read(sig, target_context)
        if found is None and self._writable is not None:
            waited = claim(self._writable.cache_path, self._place())
            self._claimed += 1
            if waited:
                found = self._read(sig, target_context)
                if found is not None:
                    self.release()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        self._open()
        if self._writable is not None:
            with suppress(Exception):
                self._writable.save_overload(sig, data)
        self.release()

    def release(self) -> None:
        """Let other processes go on, after a compilation or a failure."""
        if self._claimed and self._writable is not None:
            self._claimed -= 1
            if not self._claimed:
                release(self._writable.cache_path, self._place())

    def stored(self) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """Yield the signatures that are cached on disk, and what is kept of each."""
        self._open()
        if self._writable is not None:
            file = self._writable._cache_file
            for key, name in file._load_index().items():
                yield tuple(key[0]), file._load_data(name)

    def _open(self) -> None:
        """Look for places on disk, which takes a while: not before they are needed."""
        if self._opened:
            return
        self._opened = True
        # Without a writable place (read-only install, no home) Numba has a
        # RuntimeError, and the kernel is compiled in every process.
        with suppress(RuntimeError, OSError):
            self._writable = self._checked(FunctionCache)
        # What was compiled there beforehand, in a container's image say.
        with suppress(RuntimeError, OSError):
            installed = self._checked(_InstalledFiles)
            if self.cache_path != installed.cache_path:
                self._installed = installed

    def _checked(self, kind: type[FunctionCache]) -> FunctionCache:
        files = kind(self._function)
        files._cache_file = _Files(files._cache_file, self._is_part)
        return files

    def _read(self, sig: Any, target_context: Any) -> Any:
        for files in (self._writable, self._installed):
            if files is not None:
                try:
                    found = files._load_overload(sig, target_context)
                except Exception:
                    with suppress(Exception):
                        files.flush()  # a damaged file would stay, and fail again
                    found = None
                # An index that is begun anew gives names again. What bears one may
                # then have been compiled for other types.
                if found is not None and found.signature.args == tuple(sig):
                    return found
        return None

    def _place(self) -> str:
        kind = "part" if self._is_part else "entrance"
        return f"{self._function.__module__}.{self._function.__qualname__} {kind}"
