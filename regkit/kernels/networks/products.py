"""A layer's products: weights with values, weights with deltas, deltas with values.

Every element of a product is one sum in one order, whoever computes it, so results do
not depend on how panels and units are shared out among threads.
"""

import math
from typing import Any

from numpy.typing import NDArray

from regkit.kernels._jit import inlined_kernel, uncounted_part
from regkit.kernels.networks.tiles import (
    FEW,
    PANEL,
    UNITS,
    Lines,
    Matrix,
    half_tile_units,
    tile_few,
    tile_one,
    tile_units,
    transpose,
)

# Numbers of a group of panels that are multiplied one after another.
_CACHED = 1 << 18
# Multipliers that lie apart, a cache line or more, are copied side by side where so
# many of each unit are used, for so many units at a time: whole squares and blocks.
_DEEP = 96
_COPIED = math.lcm(PANEL, UNITS)
# Numbers between a unit's copies and the next one's: at distances of a power of two
# they would be after the same few places in the cache.
_APART = 16


def space_of_copies(depth: int) -> int:
    """Return for how many numbers `multiply_panels` needs room."""
    return _COPIED * (depth + _APART)


@uncounted_part
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
    between panels. ``space`` has room for so many numbers as `space_of_copies` says.
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
    copies = left.by_unit == 1 and depth >= _DEEP and units >= PANEL
    apart = depth + _APART
    first = 0  # whose copies come first
    u = 0
    while u < units:
        begin = left.start + u * left.by_unit
        matrix = Matrix(left.numbers, begin, left.by_unit, left.by_depth, 0)
        if copies:
            if u % _COPIED == 0:
                first = min(u, units - PANEL)
                _copy_multipliers(
                    left, first, min(units - first, _COPIED), depth, space
                )
            matrix = Matrix(space, (u - first) * apart, apart, 1, 0)
        at = out.start + u * PANEL
        left_out = units - u
        together = UNITS if left_out >= UNITS else FEW if left_out >= FEW else 1
        for p in range(start, stop):
            target = Lines(out.numbers, at + p * out.step, PANEL)
            source = Lines(right.numbers, right.start + p * right.step, 0)
            if together == UNITS:
                tile_units(target, matrix, source, 1, depth)
            elif together == FEW:
                tile_few(target, matrix, source, 1, depth)
            else:
                tile_one(target, matrix, source, 1, depth)
        u += together


@inlined_kernel
def _copy_multipliers(
    left: Matrix, first: int, count: int, depth: int, space: NDArray[Any]
) -> None:
    """Write the multipliers of units from ``first``, unit after unit.

    The last squares overlap others where ``count`` or ``depth`` is no multiple of
    `PANEL`; neither is less.
    """
    apart = depth + _APART
    for j in range(0, depth, PANEL):
        k = min(j, depth - PANEL)
        for i in range(0, count, PANEL):
            unit = min(i, count - PANEL)
            place = left.start + first + unit + k * left.by_depth
            transpose(
                Lines(left.numbers, place, left.by_depth),
                Lines(space, unit * apart + k, apart),
            )


@uncounted_part
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
                    half_tile_units(target, matrix, turned, panels, PANEL)
                else:
                    tile_units(target, matrix, turned, panels, PANEL)
                done = UNITS
            elif last - u >= FEW:
                tile_few(target, matrix, turned, panels, PANEL)
                done = FEW
            else:
                tile_one(target, matrix, turned, panels, PANEL)
                done = 1
            if not whole:
                for i in range(done):
                    for c in range(width - k):
                        out.numbers[at + i * width + c] = space[i * PANEL + c]
            u += done
