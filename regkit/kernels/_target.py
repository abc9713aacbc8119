"""What machine code depends on: the processor, the kernels' sources, Numba's settings.

Machine code that was compiled elsewhere, or earlier, may run only where all of this is
the same.
"""

import hashlib
import platform
import sys
from functools import cache
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm
import numba
from numba import config

# The levels of x86-64 that machine code is shipped for, widest first, and what a
# processor must offer (https://gitlab.com/x86-psABIs/x86-64-ABI).
_V3 = ("avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
_V4 = ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
LEVELS = {"x86-64-v4": _V3 + _V4, "x86-64-v3": _V3}

_SETTINGS = (
    "BOUNDSCHECK",
    "OPT",
    "LOOP_VECTORIZE",
    "SLP_VECTORIZE",
    "DEBUGINFO_DEFAULT",
)


@cache
def level() -> str | None:
    """Return the widest of `LEVELS` that this process compiles for, None if none.

    The variables NUMBA_CPU_NAME and NUMBA_CPU_FEATURES, if set, are obeyed.
    """
    if config.CPU_NAME:
        return config.CPU_NAME if config.CPU_NAME in LEVELS else None
    if config.CPU_FEATURES is not None or not llvm.get_process_triple().startswith(
        "x86_64"
    ):
        return None
    features = llvm.get_host_cpu_features()
    for name, needed in LEVELS.items():
        if all(features.get(feature) for feature in needed):
            return name
    return None


@cache
def sources() -> str:
    """Return a digest of all kernels' sources and of how Numba is set to compile them.

    Numba's cache looks at the file of the function that is called, not at the files of
    the functions it calls. After an edit there, or an upgrade, old machine code would
    run.
    """
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for source in sorted(package.rglob("*.py")):
        digest.update(source.relative_to(package).as_posix().encode())
        digest.update(source.read_bytes())
    settings = [str(getattr(config, name, None)) for name in _SETTINGS]
    digest.update(repr(settings).encode())
    return digest.hexdigest()


def shipped_name(level: str) -> str:
    """Return the name of the file that machine code for ``level`` is shipped in."""
    found = (
        sources(),
        numba.__version__,
        llvmlite.__version__,
        sys.implementation.cache_tag,
        sys.platform,
        platform.machine(),
        level,
    )
    return f"{level}-{hashlib.sha256(repr(found).encode()).hexdigest()[:24]}.zip"
