"""The one way regkit compiles a kernel."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from numba import config, njit
from numba.core.caching import FunctionCache
from numba.extending import overload

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

# Nothing that assumes NaN or inf away: a NaN must come out as a NaN.
_IEEE = {"error_model": "numpy"}
# Sums may be reordered (a dot product runs 3x faster), signed zeros ignored.
_SUMMING = {**_IEEE, "fastmath": {"reassoc", "contract", "nsz"}}


class _ForgivingCache(FunctionCache):
    """Numba's cache on disk, where a file that cannot be used is one that is not there.

    Numba raises whatever unpickling a damaged file or writing to a full, read-only or
    vanished directory raises; a cache is no reason for a fit to fail.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            with suppress(Exception):
                self.flush()  # a damaged file would stay, and fail again
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(Exception):
            super().save_overload(sig, data)


def _compile(function: Kernel, options: dict[str, Any]) -> Kernel:
    compiled = njit(nogil=True, no_cfunc_wrapper=True, **options)(function)
    if not config.DISABLE_JIT:
        # Without a writable place for a cache (read-only install, no home) Numba has
        # a RuntimeError, and the kernel is compiled in every process.
        with suppress(RuntimeError):
            compiled._cache = _ForgivingCache(function)
    return cast(Kernel, compiled)


def kernel(function: Kernel) -> Kernel:
    """Compile ``function`` once a machine: cached, GIL released, IEEE arithmetic."""
    return _compile(function, _IEEE)


def summing_kernel(function: Kernel) -> Kernel:
    """Compile ``function`` as `kernel` does, with sums free to be reordered."""
    return _compile(function, _SUMMING)


def part(function: Kernel) -> Kernel:
    """Compile ``function`` as `kernel` does, for kernels to call and nobody else.

    Without an entrance from Python it compiles in two thirds of the time.
    """
    return _compile(function, {**_IEEE, "no_cpython_wrapper": True})


def summing_part(function: Kernel) -> Kernel:
    """Compile ``function`` as `part` does, with sums free to be reordered."""
    return _compile(function, {**_SUMMING, "no_cpython_wrapper": True})


def inlined_kernel(function: Kernel) -> Kernel:
    """Compile ``function`` as part of the kernels that call it.

    Every kernel is optimised anew, with all that it calls, in each of its callers: a
    chain of five is compiled five times. Links of a chain that are called at one place
    save that time by this.
    """
    return cast(Kernel, njit(nogil=True, inline="always", **_IEEE)(function))


def inlined(function: Callable[..., Any]) -> Callable[[Kernel], Kernel]:
    """Let Numba ask the decorated function what ``function`` is for its arguments.

    The answer is written out in the calling kernel: a call would pass every array of a
    group on the stack, which costs more than the work on one sparse column.
    """
    decorate = overload(function, inline="always")
    return cast(Callable[[Kernel], Kernel], decorate)
