"""Several threads at one training run: who does what, and waiting for one another.

Kernels start no threads. Whoever calls them starts some, and each runs the same kernel
with its number; they meet at barriers. The share of a thread changes nothing about the
numbers that it computes.
"""

import os
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic, overload

from regkit._types import Indices
from regkit.kernels._jit import inlined_kernel, uncounted_part

# Looks at the counter before the thread offers its core to others.
_LOOKS = 2000
_APART = 16  # numbers in two cache lines: what threads write must not be neighbors

# Where threads can wait without holding a core, if there is more than one.
CAN_WAIT = os.name == "posix" and not config.DISABLE_JIT


class Crew(NamedTuple):
    """Threads at one task."""

    size: int
    arrivals: Indices
    """How often any thread has come to a barrier, then how often each has."""


def make_crew(size: int) -> Crew:
    """Return a crew that has not met yet."""
    return Crew(size, np.zeros((1 + size) * _APART, dtype=np.int64))


def has_begun(crew: Crew, member: int) -> bool:
    """Whether a thread has come to a barrier."""
    return bool(crew.arrivals[(1 + member) * _APART] > 0)


@inlined_kernel
def share(count: int, member: int, crew: Crew) -> tuple[int, int]:
    """Return the ends of a thread's share of ``count`` things."""
    return count * member // crew.size, count * (member + 1) // crew.size


@uncounted_part
def meet(crew: Crew, member: int) -> None:
    """Wait until all threads are here; what they wrote before can be read after."""
    own = (1 + member) * _APART
    crew.arrivals[own] += 1
    if crew.size == 1:
        return
    wanted = crew.arrivals[own] * crew.size
    arrive(crew.arrivals)
    looks = 0
    while arrived(crew.arrivals) < wanted:
        looks += 1
        if looks > _LOOKS:
            give_way()


def give_way() -> None:
    """Let another thread have the core."""


def _first(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind = signature.args[0]
    return context.make_array(kind)(context, builder, args[0]).data


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def arrive(context: Any, arrivals: Any) -> Any:
    """Add 1 to the first number, all writes of this thread being visible then."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _first(context, builder, signature, args)
        builder.atomic_rmw("add", place, ir.IntType(64)(1), "seq_cst")
        return context.get_dummy_value()

    return types.void(arrivals), emit


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def arrived(context: Any, arrivals: Any) -> Any:
    """Return the first number, reading nothing else before it."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _first(context, builder, signature, args)
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(arrivals), emit


_sched_yield = types.ExternalFunction("sched_yield", types.int32())


@overload(give_way, inline="always")
def _give_way() -> Any:
    if CAN_WAIT:

        def offer() -> None:
            _sched_yield()

        return offer

    def stay() -> None:
        pass

    return stay
