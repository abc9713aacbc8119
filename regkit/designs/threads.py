"""A pass over X by several threads, each on its own share of the columns.

Kernels release the GIL and write to arrays of their own, so plain threads serve. How
many run is what BLAS would be allowed: one a core, fewer where ``OMP_NUM_THREADS`` says
so, as joblib does in its workers.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Below so many stored entries a pass takes less than handing it out.
_WORTHWHILE = 1 << 18

_pool: ThreadPoolExecutor | None = None


def _forget_pool() -> None:
    """Start afresh: a forked child has none of its parent's threads."""
    global _pool
    _pool = None


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
