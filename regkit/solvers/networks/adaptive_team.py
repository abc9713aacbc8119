"""How many threads train together while other programs want the cores as well."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from regkit.kernels.networks.barrier import has_begun, make_crew
from regkit.kernels.networks.training import train
from regkit.parallel.threads import run_together

# Seconds of training that tell whether the cores are shared with others,
_ENOUGH = 0.05
# the share of them that a thread with a core to itself spends at work,
_AT_WORK = 2 / 3
# and how long one thread then goes on by itself, twice as long each time.
_ALONE = 1.0


class Company:
    """Threads that train together for as long as each has a core to itself.

    They meet after every batch and wait for the last. Where other programs keep the
    cores busy, the system lets each run for some milliseconds in turn, seldom all of
    them at once, and together they can take ten times as long as one of them would. So
    one goes on alone then, and tries again later. The numbers are the same for any
    count of threads.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._calls = 0
        self._seconds = 0.0
        self._work = np.zeros(size)
        self._until = -np.inf
        self._pause = _ALONE

    def train(self, arguments: tuple[Any, ...]) -> None:
        """Run the kernel in as many threads as are worth it now."""
        begun = time.perf_counter()
        size = self._size if begun >= self._until else 1
        work = np.zeros(size)

        def prepare(size: int) -> Callable[[int], None]:
            crew = make_crew(size)

            def task(member: int) -> None:
                before = time.thread_time()
                if not has_begun(crew, member):
                    train(*(*arguments, crew, member))
                work[member] = time.thread_time() - before

            return task

        run_together(prepare, size)
        self._calls += 1
        if size > 1 and self._calls > 1:  # the first may have waited for the compiler
            self._judge(time.perf_counter() - begun, work)

    def _judge(self, seconds: float, work: Any) -> None:
        """Decide who takes part from now on."""
        self._seconds += seconds
        self._work += work
        if self._seconds < _ENOUGH:
            return
        if self._work.min() < _AT_WORK * self._seconds:
            self._until = time.perf_counter() + self._pause
            self._pause *= 2
        self._seconds = 0.0
        self._work[:] = 0.0
