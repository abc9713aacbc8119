"""A pass over X by several threads, each on its own share of the columns.

Kernels release the GIL and write to arrays of their own, so plain threads serve. How
many run is what BLAS would be allowed: one per core, fewer where ``OMP_NUM_THREADS``
says so, as joblib does in its workers.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Event, Lock, Thread, local
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")

# Below so many stored entries a pass takes less than handing it out.
WORTHWHILE = 1 << 18
# For products of fewer BLAS does not wake its threads.
UNNOTICED = 1 << 13
# Matrices of so few columns BLAS leaves to one thread …
_TINY = 30
# … and of so few it decomposes as fast on one.
_SMALL = 500

_pool: ThreadPoolExecutor | None = None
_thread = local()  # .is_busy: this thread already works side by side with others
_blas = Lock()
_controller: ThreadpoolController | None = None
_n_limiting = 0
_limited: list[tuple[Any, int]] = []  # libraries kept to one thread, and what they had


def _forget_pool() -> None:
    """Start afresh: a forked child has none of its parent's threads."""
    global _pool, _blas, _n_limiting
    _pool = None
    _blas = Lock()
    _n_limiting = 0
    _lift_limits()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def n_threads(n_jobs: int | None = None) -> int:
    """Return how many threads a pass may use; `n_jobs` as joblib reads it."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    if allowed.isdecimal():
        count = max(1, min(count, int(allowed)))
    if n_jobs is None:
        return count
    return max(1, count + 1 + int(n_jobs)) if n_jobs < 0 else min(count, int(n_jobs))


def by_shares(
    task: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    columns: NDArray[np.int64],
    costs: NDArray[Any],
) -> NDArray[np.float64]:
    """Return ``task(columns)``, computed in shares of about equal cost."""
    total = int(costs.sum())
    if total < WORTHWHILE or getattr(_thread, "is_busy", False):
        return task(columns)
    count = n_threads()
    if count == 1:
        return task(columns)
    bounds = np.searchsorted(np.cumsum(costs), total * np.arange(1, count) / count)
    return np.concatenate(map_in_threads(task, np.split(columns, bounds), count))


def map_in_threads(
    task: Callable[[_Given], _Found], items: Sequence[_Given], at_a_time: int
) -> list[_Found]:
    """Return ``[task(item) for item in items]``, up to ``at_a_time`` of them at once.

    Whatever is called within keeps to its thread, but for BLAS: see `one_blas_thread`.
    """
    global _pool
    count = min(at_a_time, len(items))
    if count <= 1 or getattr(_thread, "is_busy", False):
        return list(map(task, items))
    if _pool is None:
        _pool = ThreadPoolExecutor(max(1, n_threads() - 1), thread_name_prefix="regkit")
    results: list[Any] = [None] * len(items)
    waiting = iter(range(len(items)))
    handling = np.geterr()  # each thread has its own

    def work() -> None:
        _thread.is_busy = True
        try:
            with np.errstate(**handling):
                for i in waiting:
                    results[i] = task(items[i])
        finally:
            _thread.is_busy = False

    # This thread works too: did it sleep, the system would wake one of the others on
    # its core, in the other's way.
    handed_out = []
    for _ in range(count - 1):
        handed_out.append(_pool.submit(work))
    work()
    for future in handed_out:
        if not future.cancel():  # still waiting for others' work to end
            future.result()
    return results


@contextmanager
def side_by_side() -> Iterator[None]:
    """Have this thread work by itself, others being busy with shares of their own."""
    before = getattr(_thread, "is_busy", False)
    _thread.is_busy = True
    try:
        yield
    finally:
        _thread.is_busy = before


def calm_blas(size: int) -> AbstractContextManager[None]:
    """Keep BLAS to one thread where matrices of ``size`` columns gain nothing by more.

    Threads of BLAS that have woken spin for some 30 ms, in the way of the threads here.
    """
    return one_blas_thread() if is_calm(size) else nullcontext()


def calm_passes(n_entries: int) -> AbstractContextManager[None]:
    """Keep BLAS to one thread for passes over an X too small to share, once for all.

    To tell BLAS takes longer than such a pass.
    """
    is_small = UNNOTICED <= n_entries < WORTHWHILE
    return one_blas_thread() if is_small else nullcontext()


def is_calm(size: int) -> bool:
    """Whether threads of BLAS gain nothing on ``size`` columns, but wake."""
    return _TINY < size <= _SMALL


@contextmanager
def _cores_apart(member: int, size: int) -> Iterator[None]:
    """Keep this thread to its share of the cores, where the system has a word for it.

    Threads that look for one another instead of sleeping seem to be at work even when
    they wait, and a system may leave two of them on one core for a tenth of a second.
    """
    if size == 1 or not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    own = sorted(allowed)[member::size]
    with suppress(OSError):
        os.sched_setaffinity(0, own or allowed)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, allowed)


def run_together(prepare: Callable[[int], Callable[[int], None]], size: int) -> None:
    """Call ``prepare(n)(member)`` for all members below n, all at the same time.

    They may wait for one another, so each has a thread of its own, member 0 this one;
    n is ``size``, or less where the system has no more threads to give. A task that is
    called once more, because this thread was interrupted, must do what is left to do.
    The interrupt is raised when all have ended.
    """
    if getattr(_thread, "is_busy", False):
        size = 1
    begin = Event()
    task: Callable[[int], None] | None = None
    failures: list[BaseException] = []

    def work(member: int) -> None:
        begin.wait()
        _thread.is_busy = True
        try:
            if task is not None:
                with _cores_apart(member, 1 + len(started)):
                    task(member)
        except BaseException as error:
            failures.append(error)

    started: list[Thread] = []
    try:
        for member in range(1, size):
            thread = Thread(target=work, args=(member,), name="regkit", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                break
            started.append(thread)
        task = prepare(1 + len(started))
    finally:
        if task is None:
            begin.set()  # for nothing
    with _cores_apart(0, 1 + len(started)):
        try:
            begin.set()
            task(0)
        except KeyboardInterrupt as error:
            failures.insert(0, error)
            begin.set()
            task(0)
    for thread in started:
        while thread.is_alive():
            try:
                thread.join()
            except KeyboardInterrupt as error:
                failures.insert(0, error)
    if failures:
        raise failures[0]


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to the calling thread, for callers that run side by side.

    The limit belongs to the process: the first caller sets it, and the last to leave
    lifts it.
    """
    global _controller, _n_limiting
    with _blas:
        if _controller is None:  # looking for libraries takes a millisecond
            _controller = ThreadpoolController().select(user_api="blas")
        if _n_limiting == 0:
            # (`limit` of the controller does the same in three times the time.)
            for library in _controller.lib_controllers:
                count = library.get_num_threads()
                if count is not None and count > 1:
                    library.set_num_threads(1)
                    _limited.append((library, count))
        _n_limiting += 1
    try:
        yield
    finally:
        with _blas:
            _n_limiting -= 1
            if _n_limiting == 0:
                _lift_limits()


def _lift_limits() -> None:
    """Give the libraries of BLAS back the threads that they had."""
    while _limited:
        library, count = _limited.pop()
        library.set_num_threads(count)
