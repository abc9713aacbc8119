"""A layer's products: weights with values, weights with deltas, deltas with values.

Every element of a product is one sum in one order, whoever computes it, so results do
not depend on how panels and units are shared out among threads.
"""

from typing import Any

from numpy.typing import NDArray

from regkit.kernels._jit import inlined_kernel, part
from regkit.kernels.network_tiles import (
    FEW,
    PANEL,
    UNITS,
    Lines,
    Matrix,
    half_tile,
    tile,
    transpose,
)

# Numbers of a group of panels that are multiplied one after another.
_CACHED = 1 << 18
# Multipliers that lie apart, a cache line or more, are copied side by side where so
# many of each unit are used, for so many blocks of units at a time.
_DEEP = 96
_TOGETHER = 4


@part
def multiply_panels(
    units: int,
    out: Lines,
    left: Matrix,
    right: Lines,
    panels: int,
    depth: int,
    space: NDArray[Any],
) -> None:
    """Write ``units`` lines of a product to each panel.

    out[p, u] = Σ_k left[u, k] · right[p, k]; ``step`` of ``out`` and ``right`` is
    between panels. ``space`` has room for 4 · `UNITS` · ``depth`` numbers.
    """
    # So many panels at a time that their lines stay in the cache.
    group = max(1, _CACHED // (depth * PANEL))
    for start in range(0, panels, group):
        _multiply_group(
            units, out, left, right, start, min(panels, start + group), depth, space
        )


@inlined_kernel
def _multiply_group(
    units: int,
    out: Lines,
    left: Matrix,
    right: Lines,
    start: int,
    stop: int,
    depth: int,
    space: NDArray[Any],
) -> None:
    u = 0
    while u < units:
        left_out = units - u
        begin = left.start + u * left.by_unit
        matrix = Matrix(left.numbers, begin, left.by_unit, left.by_depth, 0)
        at = out.start + u * PANEL
        if left_out >= UNITS:
            if left.by_unit == 1 and depth >= _DEEP:
                if u % (_TOGETHER * UNITS) == 0:
                    _copy_multipliers(
                        left, u, min(units - u, _TOGETHER * UNITS), depth, space
                    )
                block = u // UNITS % _TOGETHER * UNITS * depth
                matrix = Matrix(space, block, 1, UNITS, 0)
            for p in range(start, stop):
                target = Lines(out.numbers, at + p * out.step, PANEL)
                source = Lines(right.numbers, right.start + p * right.step, 0)
                tile(UNITS, target, matrix, source, 1, depth)
            u += UNITS
        elif left_out >= FEW:
            for p in range(start, stop):
                target = Lines(out.numbers, at + p * out.step, PANEL)
                source = Lines(right.numbers, right.start + p * right.step, 0)
                tile(FEW, target, matrix, source, 1, depth)
            u += FEW
        else:
            for p in range(start, stop):
                target = Lines(out.numbers, at + p * out.step, PANEL)
                source = Lines(right.numbers, right.start + p * right.step, 0)
                tile(1, target, matrix, source, 1, depth)
            u += 1


@inlined_kernel
def _copy_multipliers(
    left: Matrix, first: int, count: int, depth: int, space: NDArray[Any]
) -> None:
    """Write the multipliers of units from ``first`` to blocks of `UNITS` by depth."""
    for k in range(depth):
        place = left.start + first + k * left.by_depth
        for block in range(count // UNITS):
            at = (block * depth + k) * UNITS
            for i in range(UNITS):
                space[at + i] = left.numbers[place + block * UNITS + i]


@part
def multiply_rows(
    first: int,
    last: int,
    out: Lines,
    left: Lines,
    right: Lines,
    panels: int,
    width: int,
    space: NDArray[Any],
) -> None:
    """Write rows [first, last) of Σ over all rows of data of left[u] · right[k].

    ``step`` of ``left`` and ``right`` is between panels; ``out`` has ``width`` numbers
    a row. `PANEL` lines of ``right`` at a time are turned, so that the sum over rows of
    data is one over lines. ``space`` has room for `PANEL`² numbers a panel, and
    `UNITS` lines more.
    """
    turned = Lines(space, UNITS * PANEL, PANEL * PANEL)
    for k in range(0, width, PANEL):
        for p in range(panels):
            transpose(
                Lines(right.numbers, right.start + p * right.step + k * PANEL, PANEL),
                Lines(space, turned.start + p * turned.step, PANEL),
            )
        whole = k + PANEL <= width
        narrow = width - k <= PANEL // 2
        u = first
        while u < last:
            matrix = Matrix(left.numbers, left.start + u * PANEL, PANEL, 1, left.step)
            at = out.start + u * width + k
            target = Lines(out.numbers, at, width) if whole else Lines(space, 0, PANEL)
            if last - u >= UNITS:
                if narrow:
                    half_tile(UNITS, target, matrix, turned, panels, PANEL)
                else:
                    tile(UNITS, target, matrix, turned, panels, PANEL)
                done = UNITS
            elif last - u >= FEW:
                tile(FEW, target, matrix, turned, panels, PANEL)
                done = FEW
            else:
                tile(1, target, matrix, turned, panels, PANEL)
                done = 1
            if not whole:
                for i in range(done):
                    for c in range(width - k):
                        out.numbers[at + i * width + c] = space[i * PANEL + c]
            u += done
