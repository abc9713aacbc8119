"""All kernels that can be called from Python, wherever they are defined."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

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


def count_compiled() -> tuple[int, int]:
    """Return how many kernels this process has compiled, and found compiled."""
    stats = [kernel.stats for kernel in entrances()]
    compiled = sum(sum(stat.cache_misses.values()) for stat in stats)
    return compiled, sum(sum(stat.cache_hits.values()) for stat in stats)
