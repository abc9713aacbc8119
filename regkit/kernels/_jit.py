"""The one way regkit compiles a kernel."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

# Sums may be reordered (a dot product runs 3x faster), signed zeros ignored.
# Nothing that assumes NaN or inf away: a NaN must come out as a NaN.
_SUMS = {"reassoc", "contract", "nsz"}


def _compile(function: Kernel, **options: Any) -> Kernel:
    options = {"nogil": True, "error_model": "numpy", **options}
    try:
        compiled = njit(cache=True, **options)(function)
    except RuntimeError:
        # Numba found no writable place for its cache (read-only install, no home).
        compiled = njit(**options)(function)
    return cast(Kernel, compiled)


def kernel(function: Kernel) -> Kernel:
    """Compile ``function`` once a machine: cached, GIL released, IEEE arithmetic."""
    return _compile(function)


def summing_kernel(function: Kernel) -> Kernel:
    """Compile ``function`` as `kernel` does, with sums free to be reordered."""
    return _compile(function, fastmath=_SUMS)
