"""Machine code that came with the installation.

A wheel may bring, for each of `LEVELS`, an archive of all kernels that are called from
Python, each in the form in which Numba caches it. The archive's name says what the code
was made from and for: one of another version, of another platform or of other sources
has another name, and is never opened.
"""

import hashlib
import io
import pickle
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from numba.core.compiler import CompileResult

from regkit.kernels._target import level, shipped_name

FOLDER = Path(__file__).parent / "compiled"

SIGNATURE = 3  # its place in what Numba caches of a function


@cache
def archive() -> ZipFile | None:
    """Return this installation's archive, held in memory, or None."""
    name = level()
    try:
        if name is None:
            return None
        return ZipFile(io.BytesIO((FOLDER / shipped_name(name)).read_bytes()))
    except Exception:
        return None  # there is none, or it is damaged


def n_shipped() -> int:
    """Return how many kernels came with the installation; 0 if any is damaged."""
    found = archive()
    if found is None or found.testzip() is not None:
        return 0
    return len(found.namelist())


def load(function: Any, signature: tuple[Any, ...], target_context: Any) -> Any:
    """Return ``function`` compiled for ``signature`` from the archive, or None."""
    found = archive()
    if found is None:
        return None
    try:
        # What is damaged raises here: members have checksums.
        cached = pickle.loads(found.read(member(function, signature)))
        if tuple(cached[SIGNATURE].args) != signature:
            return None
        return CompileResult._rebuild(target_context, *cached)
    except Exception:
        return None


def member(function: Any, signature: tuple[Any, ...]) -> str:
    """Return the name in the archive of ``function`` compiled for ``signature``."""
    digest = hashlib.sha256(repr(signature).encode()).hexdigest()[:24]
    return f"{name_of(function)}/{digest}"


def name_of(function: Any) -> str:
    """Return a kernel's full name."""
    return f"{function.__module__}.{function.__qualname__}"
