"""A pass over X by several threads, each on its own share of the columns.

Kernels release the GIL and write to arrays of their own, so plain threads serve. How
many run is what BLAS would be allowed: one a core, fewer where ``OMP_NUM_THREADS`` says
so, as joblib does in its workers.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")

# Below so many stored entries a pass takes less than handing it out.
_WORTHWHILE = 1 << 18

_pool: ThreadPoolExecutor | None = None
_blas = Lock()
_n_limiting = 0
_limits: Any = None


def _forget_pool() -> None:
    """Start afresh: a forked child has none of its parent's threads."""
    global _pool, _blas, _n_limiting, _limits
    _pool = None
    _blas = Lock()
    if _limits is not None:
        _limits.restore_original_limits()
    _n_limiting, _limits = 0, None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def n_threads() -> int:
    """Return how many threads a pass may use."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores, int(allowed) if allowed.isdecimal() else cores))


def by_shares(
    task: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    columns: NDArray[np.int64],
    costs: NDArray[Any],
) -> NDArray[np.float64]:
    """Return ``task(columns)``, computed in shares of about equal cost."""
    global _pool
    count = n_threads()
    total = int(costs.sum())
    if count == 1 or total < _WORTHWHILE:
        return task(columns)
    if _pool is None:
        _pool = ThreadPoolExecutor(count - 1, thread_name_prefix="regkit")
    bounds = np.searchsorted(np.cumsum(costs), total * np.arange(1, count) / count)
    mine, *others = np.split(columns, bounds)
    # This thread works too: did it sleep, the system would wake one of the others on
    # its core, in the other's way.
    handed_out = [_pool.submit(task, share) for share in others]
    results = [task(mine)]
    return np.concatenate(results + [future.result() for future in handed_out])


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to the calling thread, for callers that run side by side.

    The limit belongs to the process: whoever comes first sets it, and whoever goes last
    lifts it.
    """
    global _n_limiting, _limits
    with _blas:
        if _n_limiting == 0:
            _limits = threadpool_limits(1, user_api="blas")
        _n_limiting += 1
    try:
        yield
    finally:
        with _blas:
            _n_limiting -= 1
            if _n_limiting == 0:
                _limits.restore_original_limits()
                _limits = None


def map_in_threads(
    task: Callable[[_Given], _Found], items: Sequence[_Given], n_threads: int
) -> list[_Found]:
    """Return ``[task(item) for item in items]``, up to ``n_threads`` at a time."""
    n_threads = min(n_threads, len(items))
    if n_threads <= 1:
        return [task(item) for item in items]
    with (
        one_blas_thread(),
        ThreadPoolExecutor(n_threads, thread_name_prefix="regkit") as pool,
    ):
        return list(pool.map(task, items))
