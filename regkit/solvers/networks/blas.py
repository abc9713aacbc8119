"""BLAS on one thread while products are small.

Handing a small product to several threads costs more than the product (measured: 256
columns, 256 units, 256 rows take 3 times as long on two threads as on one).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

# Multiplications in the largest product of a step from which threads pay.
_LARGE = 1 << 28

_lock = Lock()
_users = 0
_controller: ThreadpoolController | None = None
_limit: Any = None


@contextmanager
def suited_threads(largest_product: int) -> Iterator[None]:
    """Limit BLAS to one thread unless ``largest_product`` multiplications are many.

    The limit is the process's: the first of several concurrent users sets it, the last
    one restores what was before.
    """
    if largest_product >= _LARGE:
        yield
        return
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _users, _controller, _limit
    with _lock:
        if _controller is None:  # looking for libraries takes a millisecond
            _controller = ThreadpoolController()
        if _users == 0:
            _limit = _controller.limit(limits=1, user_api="blas")
        _users += 1


def _leave() -> None:
    global _users, _limit
    with _lock:
        _users -= 1
        if _users == 0:
            _limit.restore_original_limits()
            _limit = None
