"""That kernels are being compiled, for those who wait for them or take the time."""

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock, current_thread, main_thread
from time import perf_counter
from typing import Any


class _Compiling:
    """While any thread compiles or loads a kernel, or Numba: Python's collector waits.

    Compilation makes millions of objects, most of which live on to its end, and a tenth
    of its time went into looking for unreachable ones again and again. As much would go
    into the one look at all of them that comes next: they are put among the old ones.
    """

    def __init__(self) -> None:
        self._lock = Lock()  # held for a moment only: Numba has a lock of its own
        self._depth = 0
        self._was_on = False
        self._since = 0.0
        self._seconds = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._was_on = gc.isenabled()
                gc.disable()
                self._since = perf_counter()
            self._depth += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._seconds += perf_counter() - self._since
                if self._was_on:
                    if not gc.get_freeze_count():  # what others froze stays frozen
                        gc.freeze()
                        gc.unfreeze()  # ... to where the oldest are
                    gc.enable()

    def seconds(self) -> float:
        with self._lock:
            going_on = perf_counter() - self._since if self._depth else 0.0
            return self._seconds + going_on

    def goes_on(self) -> bool:
        return self._depth > 0


_compiling = _Compiling()


def is_compiling() -> bool:
    """Whether a thread of this process compiles or loads a kernel now."""
    return _compiling.goes_on()


def seconds_compiling() -> float:
    """Return the seconds for which threads have compiled or loaded kernels so far."""
    return _compiling.seconds()


def uncollected(compile_: Callable[..., Any]) -> Callable[..., Any]:
    """Return what compiles or loads, made to be noticed here, with no collection."""

    @wraps(compile_)
    def compile_uncollected(*args: Any) -> Any:
        with _compiling:
            return compile_(*args)

    return compile_uncollected


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Let Ctrl-C wait until the block ends, in the thread that it interrupts.

    For what has to be done whole, and takes less than a second.
    """
    handle = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or not callable(handle):
        yield
        return
    received: list[tuple[Any, ...]] = []
    signal.signal(signal.SIGINT, lambda *signal_: received.append(signal_))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handle)
        if received:
            handle(*received[0])
