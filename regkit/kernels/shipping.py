"""Makes the archives of machine code that wheels bring; see `regkit.kernels._shipped`.

Used while a wheel is built, never at run time. A process that compiles for another
processor than its own must not call what it has compiled.
"""

import pickle
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import llvmlite.binding as llvm
from numba.core import serialize

from regkit.kernels._shipped import SIGNATURE, member, name_of
from regkit.kernels._target import LEVELS, level, shipped_name
from regkit.kernels.entrances import entrances

# Places in what Numba caches of a function.
_LIBRARY, _DESCRIPTION, _ANNOTATION = 0, 1, 6


def compile_as(other: Path, share: slice = slice(None)) -> None:
    """Compile what the archive ``other`` holds, or a share of it, for this process."""
    kernels = {name_of(kernel.py_func): kernel for kernel in entrances()}
    with ZipFile(other) as archive:
        for name in sorted(archive.namelist())[share]:
            signature = pickle.loads(archive.read(name))[SIGNATURE]
            kernels[name.partition("/")[0]].compile(tuple(signature.args))


def pack(folder: Path) -> Path:
    """Write an archive of what Numba's cache holds, and return its path.

    The process must have been started with NUMBA_CPU_NAME set to one of `LEVELS`,
    NUMBA_CPU_FEATURES empty or of settings that every processor can do without, and
    NUMBA_CACHE_DIR a directory that was empty before kernels were compiled to it in the
    same way.
    """
    name = level()
    if name is None:
        raise ValueError(f"NUMBA_CPU_NAME must be one of {', '.join(LEVELS)}")
    path = folder / shipped_name(name)
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for kernel in entrances():
            function = kernel.py_func
            for signature, cached in kernel._cache.stored():
                parts = serialize.dumps(_stripped(cached))
                archive.writestr(member(function, signature), parts)
    return path


def _stripped(cached: tuple[Any, ...]) -> tuple[Any, ...]:
    """Leave out what nobody reads: three quarters of the size."""
    parts = list(cached)
    parts[_ANNOTATION] = ""  # types, written out, with names of the builder's files
    # Kernels that call this one are compiled from parts, not from its bitcode, in which
    # Numba looks up only whether the entrance's name is defined.
    name, kind, (machine_code, _) = parts[_LIBRARY]
    entrance = parts[_DESCRIPTION].llvm_cpython_wrapper_name
    stub = f'define void @"{entrance}"() {{ unreachable }}'
    bitcode = llvm.parse_assembly(stub).as_bitcode()
    parts[_LIBRARY] = (name, kind, (machine_code, bitcode))
    return tuple(parts)
