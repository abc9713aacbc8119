"""Locks between processes: what one of them compiles the others wait for.

A lock is a byte of a file, which the operating system gives back if a process dies. In
one process any number of threads may hold it: Numba has a lock of its own for them.
"""

import os
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from zlib import crc32

_fcntl: Any = None
with suppress(ImportError):  # on Windows every process compiles for itself
    _fcntl = import_module("fcntl")

# Seconds; a process that takes longer has been stopped, or runs elsewhere.
_PATIENCE = 120.0
_PERIOD = 0.02

_files: dict[str, int] = {}


def claim(directory: str, name: str) -> bool:
    """Lock ``name`` in ``directory``, and return whether another process had it.

    Where nothing can be locked, or after `_PATIENCE`, nothing is: two processes may
    then do the same work, no more.
    """
    started = time.monotonic()
    waited = False
    with suppress(OSError):
        file = _open(directory)
        while file is not None:
            try:
                flags = _fcntl.LOCK_EX | _fcntl.LOCK_NB
                _fcntl.lockf(file, flags, 1, _byte(name))
                break
            except (BlockingIOError, PermissionError):  # another process has it
                waited = True
                if time.monotonic() - started > _PATIENCE:
                    break
                time.sleep(_PERIOD)
    return waited


def release(directory: str, name: str) -> None:
    """Give a lock back that this process may hold."""
    with suppress(OSError):
        file = _open(directory)
        if file is not None:
            _fcntl.lockf(file, _fcntl.LOCK_UN, 1, _byte(name))


def _open(directory: str) -> int | None:
    if _fcntl is None:
        return None
    if directory not in _files:
        path = Path(directory) / "regkit.lock"
        # Kept open: to close any descriptor of a file gives all its locks back.
        _files[directory] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    return _files[directory]


def _byte(name: str) -> int:
    return crc32(name.encode())
