"""The two operations that all products are made of, in the processor's vectors.

Numbers of a batch are stored in panels: `PANEL` rows of data side by side for every
unit, a line. A tile multiplies a small matrix with the lines of panels and holds the
results in registers until they are complete; `transpose` turns a square of numbers.
Both are written as LLVM's vectors, of the widest kind that the processor has: left to
itself the compiler neither keeps the results in registers nor uses the widest vectors,
and took three to five times as long. On one core this is faster than OpenBLAS, small
matrices included (measured: 180 against 150 billion operations a second).

As plain Python, without compilation, both are a line of NumPy.
"""

from functools import partial
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from regkit.kernels._target import LEVELS, level

PANEL = 32  # rows of data in a panel, a multiple of all vectors' lengths

_CACHE_LINE = 64  # bytes
_AT_ONCE = 2  # vectors of a line that are multiplied at a time


def _registers() -> tuple[int, int]:
    """Bytes of a vector, and units whose results fit into the vector registers."""
    # Of the level, where there is one: machine code that was shipped for it fixes both.
    of_level = LEVELS.get(level() or "")
    features = of_level or [x for x, has in llvm.get_host_cpu_features().items() if has]
    if "avx512f" in features:
        return 64, 12
    if "avx" in features:
        return 32, 6
    return 16, 12 if "neon" in features else 6


VECTOR, UNITS = _registers()
FEW = 4 if UNITS % 4 == 0 else 2


class Lines(NamedTuple):
    """Lines of a flat array: where they begin, and the distance between two."""

    numbers: NDArray[Any]
    start: int
    step: int


class Matrix(NamedTuple):
    """Where in a flat array the multipliers of a unit, a line and a panel are."""

    numbers: NDArray[Any]
    start: int
    by_unit: int
    by_depth: int
    by_panel: int


def _sum_products(
    units: int,
    width: int,
    out: Lines,
    left: Matrix,
    right: Lines,
    panels: int,
    depth: int,
) -> None:
    """Write ``width`` numbers of ``units`` lines of a product, as plain Python."""
    total: Any = np.zeros((units, width), dtype=out.numbers.dtype)
    unit, k = np.arange(units)[:, None], np.arange(depth)
    for p in range(panels):
        place = left.start + p * left.by_panel + unit * left.by_unit
        start = right.start + p * right.step
        lines = right.numbers[start : start + depth * PANEL].reshape(depth, PANEL)
        total += left.numbers[place + k * left.by_depth] @ lines[:, :width]
    for u in range(units):
        start = out.start + u * out.step
        out.numbers[start : start + width] = total[u]


def _plain_transpose(source: Lines, target: Lines) -> None:
    """Write the number i of line k as number k of line i, of `PANEL` lines."""
    place, i = source.start + np.arange(PANEL)[:, None] * source.step, np.arange(PANEL)
    square = source.numbers[place + i]
    target.numbers[target.start + np.arange(PANEL)[:, None] * target.step + i] = (
        square.T
    )


def _plain_sum(line: Lines, panels: int) -> Any:
    """Return the sum of a line's numbers in all panels, ``line.step`` apart."""
    total = np.zeros(PANEL, dtype=line.numbers.dtype)
    for p in range(panels):
        start = line.start + p * line.step
        total += line.numbers[start : start + PANEL]
    return total.sum()


class _Code:
    """Writes operations on vectors of one type, for one function."""

    def __init__(self, context: Any, builder: Any, kind: Any) -> None:
        self.context = context
        self.builder = builder
        self.element = context.get_value_type(kind.dtype)
        self.size = 4 if isinstance(self.element, ir.FloatType) else 8
        self.lanes = VECTOR // self.size
        self.vector = ir.VectorType(self.element, self.lanes)

    def fields(self, kind: Any, group: Any) -> list[Any]:
        """Return a pointer to the start of `Lines` or a `Matrix`, then its steps."""
        parts = [self.builder.extract_value(group, i) for i in range(len(kind.types))]
        array = self.context.make_array(kind.types[0])
        data = array(self.context, self.builder, parts[0]).data
        return [self.at(data, parts[1]), *parts[2:]]

    def at(self, pointer: Any, offset: Any) -> Any:
        return self.builder.gep(pointer, [offset])

    def load(self, pointer: Any, offset: Any) -> Any:
        kind = self.vector.as_pointer()
        place = self.builder.bitcast(self.at(pointer, offset), kind)
        return self.builder.load(place, align=self.size)

    def store(self, value: Any, pointer: Any, offset: Any) -> None:
        kind = self.vector.as_pointer()
        place = self.builder.bitcast(self.at(pointer, offset), kind)
        self.builder.store(value, place, align=self.size)

    def prefetch(self, pointer: Any, offset: Any) -> None:
        """Have what will soon be read brought near; it need not exist."""
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, "llvm.prefetch.p0i8"
        )
        place = self.builder.bitcast(self.at(pointer, offset), byte)
        self.builder.call(function, [place, word(0), word(3), word(1)])

    def zeros(self) -> Any:
        return ir.Constant(self.vector, [self.element(0.0)] * self.lanes)

    def shuffle(self, first: Any, second: Any, lanes: list[int]) -> Any:
        word = ir.IntType(32)
        mask = ir.Constant(ir.VectorType(word, self.lanes), [word(x) for x in lanes])
        return self.builder.shuffle_vector(first, second, mask)

    def repeat(self, number: Any) -> Any:
        nothing = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(nothing, number, ir.IntType(32)(0))
        return self.shuffle(first, nothing, [0] * self.lanes)

    def add_product(self, total: Any, x: Any, y: Any) -> Any:
        # May be fused, must not be reordered.
        product = self.builder.fmul(x, y, flags=("contract",))
        return self.builder.fadd(total, product, flags=("contract",))


_WORD = ir.IntType(64)


def _emit_sums(
    code: _Code,
    units: int,
    at_once: int,
    left: list[Any],
    right: list[Any],
    ends: tuple[Any, Any],
) -> list[list[Any]]:
    """Write the two loops of a tile, over panels and over depth, both at least once.

    Returns ``at_once`` vectors a unit.
    """
    builder = code.builder
    matrix, by_unit, by_depth, by_panel = left
    panels, depth = ends
    before = builder.block
    outer, inner, end, after = (
        builder.append_basic_block(name) for name in ("panel", "depth", "end", "after")
    )
    builder.branch(outer)

    builder.position_at_end(outer)
    p = builder.phi(_WORD)
    p.add_incoming(_WORD(0), before)
    begun = [builder.phi(code.vector) for _ in range(units * at_once)]
    for total in begun:
        total.add_incoming(code.zeros(), before)
    numbers = code.at(matrix, builder.mul(p, by_panel))
    lines = code.at(right[0], builder.mul(p, right[1]))
    for u in range(units):
        ahead = code.at(numbers, builder.add(by_panel, builder.mul(by_unit, _WORD(u))))
        for part in range(0, PANEL * code.size, _CACHE_LINE):
            code.prefetch(ahead, _WORD(part // code.size))
    builder.branch(inner)

    builder.position_at_end(inner)
    k = builder.phi(_WORD)
    k.add_incoming(_WORD(0), outer)
    totals = [builder.phi(code.vector) for _ in begun]
    for total, start in zip(totals, begun, strict=True):
        total.add_incoming(start, outer)
    line = code.at(lines, builder.mul(k, _WORD(PANEL)))
    vectors = [code.load(line, _WORD(v * code.lanes)) for v in range(at_once)]
    column = code.at(numbers, builder.mul(k, by_depth))
    sums = []
    for u in range(units):
        number = builder.load(code.at(column, builder.mul(by_unit, _WORD(u))))
        repeated = code.repeat(number)
        for v, vector in enumerate(vectors):
            sums.append(code.add_product(totals[u * at_once + v], repeated, vector))
    _emit_loop_end(code, k, depth, list(zip(totals, sums, strict=True)), (inner, end))

    builder.position_at_end(end)
    _emit_loop_end(code, p, panels, list(zip(begun, sums, strict=True)), (outer, after))
    builder.position_at_end(after)
    return [sums[u * at_once : (u + 1) * at_once] for u in range(units)]


def _emit_loop_end(
    code: _Code,
    counter: Any,
    count: Any,
    carried: list[tuple[Any, Any]],
    blocks: tuple[Any, Any],
) -> None:
    builder = code.builder
    following = builder.add(counter, _WORD(1))
    counter.add_incoming(following, builder.block)
    for variable, value in carried:
        variable.add_incoming(value, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, count), *blocks)


def _make_tile(units: int, width: int) -> Any:
    """Return the function that writes ``units`` lines of a product.

    Called with out, left, right, panels and depth it writes out[u, i] = Σ_p Σ_k
    left[u, k, p] · right[p, k, i] for i below ``width``, p below ``panels`` and k below
    ``depth``, which are at least 1. Lines k of a panel follow one another, and
    ``right.step`` is between panels.
    """
    if config.DISABLE_JIT:
        return partial(_sum_products, units, width)

    @intrinsic  # type: ignore[untyped-decorator,unused-ignore]
    def compiled(
        context: Any, out: Any, left: Any, right: Any, panels: Any, depth: Any
    ) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            code = _Code(context, builder, out.types[0])
            target, step = code.fields(out, args[0])
            matrix = code.fields(left, args[1])
            lines, by_panel = code.fields(right, args[2])
            at_once = min(_AT_ONCE, width // code.lanes)
            for first in range(0, width, code.lanes * at_once):
                strip = [code.at(lines, _WORD(first)), by_panel]
                ends = args[3], args[4]
                sums = _emit_sums(code, units, at_once, matrix, strip, ends)
                for u, vectors in enumerate(sums):
                    line = code.at(target, builder.mul(step, _WORD(u)))
                    for v, vector in enumerate(vectors):
                        code.store(vector, line, _WORD(first + v * code.lanes))
            return context.get_dummy_value()

        return types.void(out, left, right, types.intp, types.intp), emit

    return compiled


# Functions of their own, not one that takes the number of units: what chooses among
# them would be compiled at every place where it is called.
tile_units = _make_tile(UNITS, PANEL)
tile_few = _make_tile(FEW, PANEL)
tile_one = _make_tile(1, PANEL)
half_tile_units = _make_tile(UNITS, PANEL // 2)


def _emit_transpose(code: _Code, source: list[Any], target: list[Any]) -> None:
    """Interleave lines of a square of vectors, each with that half of all further on.

    After log₂ of their number rounds, line i holds what was column i.
    """
    builder, n = code.builder, code.lanes
    low = [lane // 2 + (lane % 2) * n for lane in range(n)]
    high = [lane + n // 2 for lane in low]
    for row in range(0, PANEL, n):
        for column in range(0, PANEL, n):
            lines = [
                code.load(
                    code.at(source[0], builder.mul(source[1], _WORD(row + i))),
                    _WORD(column),
                )
                for i in range(n)
            ]
            for _ in range(n.bit_length() - 1):
                pairs = list(zip(lines[: n // 2], lines[n // 2 :], strict=True))
                lines = [
                    code.shuffle(first, second, lanes)
                    for first, second in pairs
                    for lanes in (low, high)
                ]
            for i, line in enumerate(lines):
                place = code.at(target[0], builder.mul(target[1], _WORD(column + i)))
                code.store(line, place, _WORD(row))


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def _compiled_transpose(context: Any, source: Any, target: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code = _Code(context, builder, source.types[0])
        _emit_transpose(
            code, code.fields(source, args[0]), code.fields(target, args[1])
        )
        return context.get_dummy_value()

    return types.void(source, target), emit


transpose = _plain_transpose if config.DISABLE_JIT else _compiled_transpose


def _emit_sum(code: _Code, start: Any, step: Any, panels: Any) -> Any:
    """Add lines of at least one panel up, then lanes, half to half."""
    builder = code.builder
    before = builder.block
    loop, after = (builder.append_basic_block(name) for name in ("panel", "after"))
    builder.branch(loop)
    builder.position_at_end(loop)
    p = builder.phi(_WORD)
    p.add_incoming(_WORD(0), before)
    totals, sums = [], []
    for _ in range(0, PANEL, code.lanes):
        total = builder.phi(code.vector)
        total.add_incoming(code.zeros(), before)
        totals.append(total)
    line = code.at(start, builder.mul(p, step))
    for v, total in enumerate(totals):
        sums.append(builder.fadd(total, code.load(line, _WORD(v * code.lanes))))
    _emit_loop_end(code, p, panels, list(zip(totals, sums, strict=True)), (loop, after))
    builder.position_at_end(after)
    while len(sums) > 1:
        pairs = zip(sums[::2], sums[1::2], strict=True)
        sums = [builder.fadd(first, second) for first, second in pairs]
    vector, distance = sums[0], code.lanes // 2
    while distance:
        lanes = [(lane + distance) % code.lanes for lane in range(code.lanes)]
        vector = builder.fadd(vector, code.shuffle(vector, vector, lanes))
        distance //= 2
    return builder.extract_element(vector, ir.IntType(32)(0))


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def _compiled_sum(context: Any, line: Any, panels: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code = _Code(context, builder, line.types[0])
        start, step = code.fields(line, args[0])
        return _emit_sum(code, start, step, args[1])

    return line.types[0].dtype(line, types.intp), emit


sum_line = _plain_sum if config.DISABLE_JIT else _compiled_sum
