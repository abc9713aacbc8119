"""The one way regkit compiles a kernel."""

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, TypeVar, cast

from numba import config, njit
from numba.core.registry import CPUDispatcher
from numba.extending import overload

from regkit.kernels._cache import KernelCache
from regkit.kernels._parts import OUTLINED, KernelCompiler, PartCompiler
from regkit.kernels.compiling import uncollected

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

# Nothing that assumes NaN or inf away: a NaN must come out as a NaN.
_IEEE = {"error_model": "numpy", "pipeline_class": KernelCompiler}
# Sums may be reordered (a dot product runs 3x faster), signed zeros ignored.
_SUMMING = {**_IEEE, "fastmath": {"reassoc", "contract", "nsz"}}
# A product and a sum may be rounded once, together; nothing else changes.
_FUSED = {**_IEEE, "fastmath": {"contract"}}
# References to arrays are not counted: see `uncounted_kernel`.
_PART = {"no_cpython_wrapper": True, "pipeline_class": PartCompiler}
_UNCOUNTED = {**_IEEE, "_nrt": False}


def _released(compile_: Callable[..., Any], cache: KernelCache) -> Callable[..., Any]:
    @wraps(compile_)
    def compile_or_release(*args: Any) -> Any:
        try:
            return compile_(*args)
        except BaseException:
            cache.release()
            raise

    return compile_or_release


class _Entrance(CPUDispatcher):
    """A kernel that Python calls; kernels call its function compiled as a part.

    Most of a first fit's entrances are called by other kernels alone: their own machine
    code would not be run.
    """

    options: dict[str, Any]

    @cached_property
    def linked(self) -> Any:
        """The part; compiled when a kernel that calls it is."""
        return _compile(self.py_func, self.options | _PART)

    @property
    def _numba_type_(self) -> Any:
        return self.linked._numba_type_


def _compile(function: Kernel, options: dict[str, Any]) -> Kernel:
    compiled = njit(nogil=True, no_cfunc_wrapper=True, **options)(function)
    if not config.DISABLE_JIT:
        is_part = "no_cpython_wrapper" in options
        if not is_part:
            compiled.__class__ = _Entrance
            compiled.options = options
        compiled._cache = KernelCache(function, is_part)
        compiled.compile = _released(uncollected(compiled.compile), compiled._cache)
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
    return _compile(function, {**_IEEE, **_PART})


def summing_part(function: Kernel) -> Kernel:
    """Compile ``function`` as `part` does, with sums free to be reordered."""
    return _compile(function, {**_SUMMING, **_PART})


def fused_part(function: Kernel) -> Kernel:
    """Compile ``function`` as `uncounted_part` does, with products and sums fused.

    Polynomials take half the time; sums keep their order, as tricks with rounding need.
    """
    return _compile(function, {**_FUSED, "_nrt": False, **_PART})


def uncounted_kernel(function: Kernel) -> Kernel:
    """Compile ``function`` as `kernel` does, for one that makes and returns no arrays.

    Its callers hold all arrays, so it need not count references to them. That is a
    third to a half of the code to be compiled where arrays come in large groups, and
    every slice counts too. (Numba refuses to make an array without counting; to return
    one would leave it to be freed while in use.)
    """
    return _compile(function, _UNCOUNTED)


def uncounted_summing_kernel(function: Kernel) -> Kernel:
    """Compile ``function`` as `uncounted_kernel` does, sums free to be reordered."""
    return _compile(function, {**_SUMMING, "_nrt": False})


def uncounted_part(function: Kernel) -> Kernel:
    """Compile ``function`` as `uncounted_kernel` does, for kernels alone to call."""
    return _compile(function, {**_UNCOUNTED, **_PART})


def outlined(function: Kernel) -> Kernel:
    """Keep a part out of the code of its callers, which hold a copy for each call.

    Long loops that several places call take their time to optimize, and the call is
    nothing beside them.
    """
    setattr(function, OUTLINED, True)
    return function


def uncounted_summing_part(function: Kernel) -> Kernel:
    """Compile ``function`` as `uncounted_part` does, with sums free to be reordered."""
    options = {**_SUMMING, "_nrt": False, **_PART}
    return _compile(function, options)


def inlined_kernel(function: Kernel) -> Kernel:
    """Compile ``function`` as part of the kernels that call it.

    Every kernel is optimized anew, with all that it calls, in each of its callers: a
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
