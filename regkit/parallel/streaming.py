"""One pass over rows that are never all in memory: read ahead, worked on by threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from regkit.parallel.threads import n_threads, one_blas_thread, side_by_side

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")

_END: Any = object()


def read_ahead(items: Iterable[_Item]) -> Iterator[_Item]:
    """Give ``items``, the next made by a thread while the caller has the current."""
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="regkit-read") as reader:
        coming = reader.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            coming = reader.submit(next, source, _END)
            yield item


def map_stream(
    task: Callable[[_Item], _Found], items: Iterable[_Item]
) -> Iterator[_Found]:
    """Give ``task(item)`` for each item, in order, worked out by several threads.

    At any time only twice as many items as threads are held. BLAS keeps to one thread:
    a share of the rows for each core beats a share of each product.
    """
    count = n_threads()

    def work(item: _Item) -> _Found:
        with side_by_side():
            return task(item)

    with one_blas_thread():
        if count == 1:
            yield from map(task, items)
            return
        waiting: deque[Future[_Found]] = deque()
        with ThreadPoolExecutor(count, thread_name_prefix="regkit") as pool:
            try:
                for item in items:
                    waiting.append(pool.submit(work, item))
                    if len(waiting) >= 2 * count:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
