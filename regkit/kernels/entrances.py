"""All kernels that can be called from Python, wherever they are defined."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from regkit.kernels._shipped import name_of

_PACKAGE = __name__.rpartition(".")[0]


def entrances() -> Iterator[Any]:
    """Yield the kernels that can be called from Python; none if Numba is disabled."""
    for module in walk_packages(import_module(_PACKAGE).__path__, f"{_PACKAGE}."):
        for kernel in vars(import_module(module.name)).values():
            function = getattr(kernel, "py_func", None)
            if getattr(function, "__module__", None) != module.name:
                continue  # no kernel, or imported from its own module
            options = kernel.targetoptions
            inlined = options.get("inline") == "always"
            if not inlined and not options.get("no_cpython_wrapper"):
                yield kernel


def compiled_and_found() -> tuple[set[str], set[str]]:
    """Return what this process compiled, and what it found: names, with types."""
    compiled: set[str] = set()
    found: set[str] = set()
    for kernel in entrances():
        stats = kernel.stats
        for names, counts in (
            (compiled, stats.cache_misses),
            (found, stats.cache_hits),
        ):
            names.update(f"{name_of(kernel.py_func)}{types}" for types in counts)
    return compiled, found


def kept_files() -> list[str]:
    """Return the files of all compiled kernels in the folders that are written to."""
    folders = {kernel.stats.cache_path for kernel in entrances()} - {None}
    files = [file for folder in folders for file in Path(folder).glob("*.nb[ci]")]
    return sorted(map(str, files))


def where_kept() -> str | None:
    """Return the folder that compiled kernels are kept in, None if there is none."""
    for kernel in entrances():
        path = kernel.stats.cache_path
        return None if path is None else str(Path(path).parent)
    return None
