"""A Cholesky factor that grows and shrinks by columns.

``factor[:k, :k]`` is the lower triangle L of ``G[a, a] + diag = L Lᵀ`` for the ``k``
columns listed in ``active``, stored by rows so that every inner loop runs along
contiguous memory. Columns enter in blocks (matrix products, three levels of loops)
and leave by Givens rotations, or by refactoring what comes after them when that is
cheaper.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import (
    uncounted_part,
    uncounted_summing_kernel,
    uncounted_summing_part,
)

BLOCK = 32
# Columns of a tile of products.
_TILE = 4
# A new column whose squared distance to the span of the present ones falls below this
# share of its own squared length is taken as dependent on them: twice what centering
# after the product costs a Gram matrix (`regkit.designs.dense`, 30² eps).
DEPENDENT = 5e-13


@uncounted_summing_part
def _subtract_products(
    factor: Floats, first: int, last: int, start: int, stop: int, depth: int
) -> None:
    """Subtract rows' products over ``depth``: F[a, j] -= F[a, :depth] F[j, :depth]ᵀ.

    For a in [first, last) and j in [start, stop), in tiles of 4 x 4 (a tile's sums
    stay in registers); a tile that would reach over an edge repeats its
    first row or column, which is left alone.
    """
    for a in range(first, last, 4):
        for j in range(start, stop, 4):
            rows = last - a if last - a < 4 else 4
            columns = stop - j if stop - j < 4 else 4
            r0 = factor[a]
            r1 = factor[a + 1] if rows > 1 else r0
            r2 = factor[a + 2] if rows > 2 else r0
            r3 = factor[a + 3] if rows > 3 else r0
            c0 = factor[j]
            c1 = factor[j + 1] if columns > 1 else c0
            c2 = factor[j + 2] if columns > 2 else c0
            c3 = factor[j + 3] if columns > 3 else c0
            s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = 0.0
            s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = 0.0
            for t in range(depth):
                x0, x1, x2, x3 = r0[t], r1[t], r2[t], r3[t]
                y0, y1, y2, y3 = c0[t], c1[t], c2[t], c3[t]
                s00 += x0 * y0
                s01 += x0 * y1
                s02 += x0 * y2
                s03 += x0 * y3
                s10 += x1 * y0
                s11 += x1 * y1
                s12 += x1 * y2
                s13 += x1 * y3
                s20 += x2 * y0
                s21 += x2 * y1
                s22 += x2 * y2
                s23 += x2 * y3
                s30 += x3 * y0
                s31 += x3 * y1
                s32 += x3 * y2
                s33 += x3 * y3
            sums = (
                (s00, s01, s02, s03),
                (s10, s11, s12, s13),
                (s20, s21, s22, s23),
                (s30, s31, s32, s33),
            )
            for i in range(rows):
                line = sums[i]
                for c in range(columns):
                    factor[a + i, j + c] -= line[c]


@uncounted_part
def append(
    factor: Floats,
    active: Indices,
    k: int,
    gram: Floats,
    ridge: Floats,
    alpha: float,
    columns: Indices,
    n_columns: int,
) -> int:
    """Let ``columns[:n_columns]`` into the factor; return its new size.

    A column that depends on those before it is left out, and so is every column once
    fewer than two blocks of rows are free. The diagonal is ``gram[j, j] + alpha *
    ridge[j]``. ``columns`` is overwritten.
    """
    for first in range(0, n_columns, BLOCK):
        m = BLOCK if n_columns - first > BLOCK else n_columns - first
        base = k
        # The new columns' rows of G, with their own part behind it, ...
        for a in range(m):
            row = factor[base + a]
            source = gram[columns[first + a]]
            for i in range(base):
                row[i] = source[active[i]]
            for b in range(m):
                row[base + b] = source[columns[first + b]]
        # ... are turned into rows of L, block by block, by forward substitution.
        for start in range(0, base, _TILE):
            stop = start + _TILE if start + _TILE < base else base
            _subtract_products(factor, base, base + m, start, stop, start)
            for a in range(base, base + m):
                row = factor[a]
                for j in range(start, stop):
                    part = 0.0
                    for i in range(start, j):
                        part += row[i] * factor[j, i]
                    row[j] = (row[j] - part) / factor[j, j]
        _subtract_products(factor, base, base + m, base, base + m, base)
        # What is left of their own part is factored row by row; the row of a
        # dependent column is overwritten by the next.
        taken = columns[first : first + m]  # no more than have been read
        for a in range(m):
            count = k - base
            source = factor[base + a]
            row = factor[k]
            if count != a:
                for i in range(base):
                    row[i] = source[i]
            j = columns[first + a]
            length = gram[j, j] + alpha * ridge[j]
            pivot = source[base + a] + alpha * ridge[j]
            for b in range(count):
                entry = source[base + taken[b]]
                for i in range(base, base + b):
                    entry -= row[i] * factor[base + b, i]
                entry /= factor[base + b, base + b]
                row[base + b] = entry
                pivot -= entry * entry
            if pivot > DEPENDENT * length and k + 2 * BLOCK < factor.shape[0]:
                row[k] = np.sqrt(pivot)
                active[k] = j
                taken[count] = a
                k += 1
    return k


@uncounted_part
def _rotate_out(factor: Floats, k: int, position: int) -> None:
    """Take row ``position`` out of the factor by Givens rotations.

    They are kept in the two rows behind the factor, which `append` leaves free.
    """
    n_below = k - position - 1
    cosines, sines = factor[k], factor[k + 1]
    for t in range(n_below):
        row = factor[position + t]
        source = factor[position + t + 1]
        for i in range(position):
            row[i] = source[i]
        carried = source[position]
        for i in range(t):
            entry = source[position + i + 1]
            row[position + i] = cosines[i] * carried + sines[i] * entry
            carried = cosines[i] * entry - sines[i] * carried
        entry = source[position + t + 1]
        radius = np.sqrt(carried * carried + entry * entry)
        cosines[t] = carried / radius
        sines[t] = entry / radius
        row[position + t] = radius


@uncounted_part
def remove(
    factor: Floats, active: Indices, k: int, leaving: NDArray[np.bool_], queue: Indices
) -> tuple[int, int]:
    """Take the columns ``j`` with ``leaving[j]`` out of the factor.

    Returns the factor's new size and the number of columns that the caller has to
    append again: ``queue`` receives those that came after the first to leave, where
    factoring them anew is cheaper than rotating.
    """
    first = k
    rotations = 0.0
    for i in range(k - 1, -1, -1):
        if leaving[active[i]]:
            first = i
            rotations += float(k - i) * float(k - i)
    # A rotation costs about 20 times a multiplication inside a matrix product.
    size, kept = float(k), float(first)
    rotate = 10.0 * rotations < (size * size * size - kept * kept * kept) / 3.0
    count = 0
    for i in range(k - 1, first - 1, -1):
        if not leaving[active[i]]:
            continue
        if rotate:
            _rotate_out(factor, k, i)
        for t in range(i, k - 1):
            active[t] = active[t + 1]
        k -= 1
    if not rotate:
        count = k - first
        for t in range(count):
            queue[t] = active[first + t]
        k = first
    return k, count


@uncounted_summing_part
def go_on_below(factor: Floats, first: int, k: int, rhs: Floats) -> None:
    """Go on from row ``first`` on with what `solve_lower` does, solved above it."""
    i = first
    while i + 4 <= k:  # of four rows, the products read ``rhs`` once
        r0, r1, r2, r3 = factor[i], factor[i + 1], factor[i + 2], factor[i + 3]
        s0 = s1 = s2 = s3 = 0.0
        for j in range(i):
            x = rhs[j]
            s0 += r0[j] * x
            s1 += r1[j] * x
            s2 += r2[j] * x
            s3 += r3[j] * x
        x0 = (rhs[i] - s0) / r0[i]
        x1 = (rhs[i + 1] - s1 - r1[i] * x0) / r1[i + 1]
        x2 = (rhs[i + 2] - s2 - r2[i] * x0 - r2[i + 1] * x1) / r2[i + 2]
        s3 += r3[i] * x0 + r3[i + 1] * x1 + r3[i + 2] * x2
        rhs[i], rhs[i + 1], rhs[i + 2] = x0, x1, x2
        rhs[i + 3] = (rhs[i + 3] - s3) / r3[i + 3]
        i += 4
    while i < k:
        row = factor[i]
        total = 0.0
        for j in range(i):
            total += row[j] * rhs[j]
        rhs[i] = (rhs[i] - total) / row[i]
        i += 1


@uncounted_summing_kernel
def solve_lower(factor: Floats, k: int, rhs: Floats) -> None:
    """Overwrite ``rhs[:k]`` by the solution of L x = rhs."""
    first: Any = np.int64(0)  # a literal has callees compiled for it alone
    go_on_below(factor, first, k, rhs)


@uncounted_summing_kernel
def solve_upper(factor: Floats, k: int, rhs: Floats) -> None:
    """Overwrite ``rhs[:k]`` by the solution of Lᵀ x = rhs."""
    i = k
    while i % 4 != 0:
        i -= 1
        row = factor[i]
        value = rhs[i] / row[i]
        rhs[i] = value
        for j in range(i):
            rhs[j] -= value * row[j]
    while i > 0:  # of four rows, the products are subtracted at once
        i -= 4
        r0, r1, r2, r3 = factor[i], factor[i + 1], factor[i + 2], factor[i + 3]
        x3 = rhs[i + 3] / r3[i + 3]
        x2 = (rhs[i + 2] - x3 * r3[i + 2]) / r2[i + 2]
        x1 = (rhs[i + 1] - x3 * r3[i + 1] - x2 * r2[i + 1]) / r1[i + 1]
        x0 = (rhs[i] - x3 * r3[i] - x2 * r2[i] - x1 * r1[i]) / r0[i]
        rhs[i], rhs[i + 1], rhs[i + 2], rhs[i + 3] = x0, x1, x2, x3
        for j in range(i):
            rhs[j] -= x0 * r0[j] + x1 * r1[j] + x2 * r2[j] + x3 * r3[j]
