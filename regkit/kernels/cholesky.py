"""A Cholesky factor that grows and shrinks by columns.

``factor[:k, :k]`` is the lower triangle L of ``G[a, a] + diag = L Lᵀ`` for the ``k``
columns listed in ``active``, stored by rows so that every inner loop runs along
contiguous memory. Columns enter in blocks (matrix products, three levels of loops)
and leave by Givens rotations, or by refactoring what stands behind them when that is
cheaper.
"""

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import kernel, summing_kernel

BLOCK = 32
# A new column whose squared distance to the span of the present ones falls below this
# share of its own squared length is taken as dependent on them.
DEPENDENT = 1e-12


@summing_kernel
def _dot(a: NDArray[np.float64], b: NDArray[np.float64], n: int) -> float:
    total = 0.0
    for i in range(n):
        total += a[i] * b[i]
    return total


@summing_kernel
def _subtract_products(
    out: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    depth: int,
) -> None:
    """Compute ``out -= left[:, :depth] @ right[:, :depth].T`` in tiles of 4 x 4."""
    rows, cols = out.shape
    i = 0
    while i + 4 <= rows:
        a0, a1, a2, a3 = left[i], left[i + 1], left[i + 2], left[i + 3]
        j = 0
        while j + 4 <= cols:
            b0, b1, b2, b3 = right[j], right[j + 1], right[j + 2], right[j + 3]
            s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = 0.0
            s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = 0.0
            for t in range(depth):
                s00 += a0[t] * b0[t]
                s01 += a0[t] * b1[t]
                s02 += a0[t] * b2[t]
                s03 += a0[t] * b3[t]
                s10 += a1[t] * b0[t]
                s11 += a1[t] * b1[t]
                s12 += a1[t] * b2[t]
                s13 += a1[t] * b3[t]
                s20 += a2[t] * b0[t]
                s21 += a2[t] * b1[t]
                s22 += a2[t] * b2[t]
                s23 += a2[t] * b3[t]
                s30 += a3[t] * b0[t]
                s31 += a3[t] * b1[t]
                s32 += a3[t] * b2[t]
                s33 += a3[t] * b3[t]
            out[i, j] -= s00
            out[i, j + 1] -= s01
            out[i, j + 2] -= s02
            out[i, j + 3] -= s03
            out[i + 1, j] -= s10
            out[i + 1, j + 1] -= s11
            out[i + 1, j + 2] -= s12
            out[i + 1, j + 3] -= s13
            out[i + 2, j] -= s20
            out[i + 2, j + 1] -= s21
            out[i + 2, j + 2] -= s22
            out[i + 2, j + 3] -= s23
            out[i + 3, j] -= s30
            out[i + 3, j + 1] -= s31
            out[i + 3, j + 2] -= s32
            out[i + 3, j + 3] -= s33
            j += 4
        while j < cols:
            for r in range(i, i + 4):
                out[r, j] -= _dot(left[r], right[j], depth)
            j += 1
        i += 4
    while i < rows:
        for j in range(cols):
            out[i, j] -= _dot(left[i], right[j], depth)
        i += 1


@kernel
def _forward_block(
    factor: NDArray[np.float64], k: int, rows: NDArray[np.float64]
) -> None:
    """Overwrite each row g of ``rows[:, :k]`` by the solution x of L x = g."""
    for start in range(0, k, BLOCK):
        stop = min(k, start + BLOCK)
        _subtract_products(rows[:, start:stop], rows, factor[start:stop], start)
        for r in range(rows.shape[0]):
            row = rows[r, start:stop]
            for j in range(start, stop):
                part = _dot(row, factor[j, start:], j - start)
                row[j - start] = (row[j - start] - part) / factor[j, j]


@kernel
def append(
    factor: NDArray[np.float64],
    active: NDArray[np.int64],
    k: int,
    gram: NDArray[np.float64],
    ridge: NDArray[np.float64],
    alpha: float,
    columns: NDArray[np.int64],
) -> int:
    """Let ``columns`` into the factor; return its new size.

    A column that depends on those before it is left out, and so is every column once
    fewer than two blocks of rows are free. The diagonal is ``gram[j, j] + alpha * ridge[j]``.
    """
    for first in range(0, columns.shape[0], BLOCK):
        block = columns[first : first + BLOCK]
        m = block.shape[0]
        base = k
        new = factor[base : base + m]
        for a in range(m):
            source = gram[block[a]]
            for i in range(base):
                new[a, i] = source[active[i]]
        _forward_block(factor, base, new)
        cross = np.empty((m, m))
        for a in range(m):
            for b in range(m):
                cross[a, b] = gram[block[a], block[b]]
        # (a slice, so that one compiled version of the product serves both callers)
        _subtract_products(cross[:, :m], new, new, base)
        # Row by row from here: a dependent column's row is overwritten by the next.
        taken = np.empty(m, dtype=np.int64)
        for a in range(m):
            count = k - base
            row = factor[k]
            if count != a:
                row[:base] = new[a, :base]
            for b in range(count):
                part = _dot(row[base:], factor[base + b, base:], b)
                row[base + b] = (cross[a, taken[b]] - part) / factor[base + b, base + b]
            j = block[a]
            length = gram[j, j] + alpha * ridge[j]
            pivot = cross[a, a] + alpha * ridge[j]
            pivot -= _dot(row[base:], row[base:], count)
            if pivot > DEPENDENT * length and k + 2 * BLOCK <= factor.shape[0]:
                row[k] = np.sqrt(pivot)
                active[k] = j
                taken[count] = a
                k += 1
    return k


@kernel
def _rotate_out(factor: NDArray[np.float64], k: int, position: int) -> None:
    """Take row ``position`` out of the factor by Givens rotations."""
    n_below = k - position - 1
    cosines = np.empty(n_below)
    sines = np.empty(n_below)
    for t in range(n_below):
        row = factor[position + t]
        source = factor[position + t + 1]
        row[:position] = source[:position]
        carried = source[position]
        for i in range(t):
            entry = source[position + i + 1]
            row[position + i] = cosines[i] * carried + sines[i] * entry
            carried = cosines[i] * entry - sines[i] * carried
        entry = source[position + t + 1]
        radius = np.hypot(carried, entry)
        cosines[t] = carried / radius
        sines[t] = entry / radius
        row[position + t] = radius


@kernel
def remove(
    factor: NDArray[np.float64],
    active: NDArray[np.int64],
    k: int,
    leaving: NDArray[np.bool_],
    queue: NDArray[np.int64],
) -> tuple[int, int]:
    """Take the columns ``j`` with ``leaving[j]`` out of the factor.

    Returns the factor's new size and the number of columns that the caller has to
    append again: ``queue`` receives those that stood behind the first to leave, where
    factoring them anew is cheaper than rotating.
    """
    first = k
    rotations = 0.0
    for i in range(k - 1, -1, -1):
        if leaving[active[i]]:
            first = i
            rotations += float(k - i) ** 2
    # A rotation costs about 20 times a multiplication inside a matrix product.
    rotate = 10.0 * rotations < (float(k) ** 3 - float(first) ** 3) / 3.0
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
        queue[:count] = active[first:k]
        k = first
    return k, count


@summing_kernel
def solve_lower(factor: NDArray[np.float64], k: int, rhs: NDArray[np.float64]) -> None:
    """Overwrite ``rhs[:k]`` by the solution of L x = rhs."""
    for i in range(k):
        row = factor[i]
        total = 0.0
        for j in range(i):
            total += row[j] * rhs[j]
        rhs[i] = (rhs[i] - total) / row[i]


@summing_kernel
def solve_upper(factor: NDArray[np.float64], k: int, rhs: NDArray[np.float64]) -> None:
    """Overwrite ``rhs[:k]`` by the solution of Lᵀ x = rhs."""
    for i in range(k - 1, -1, -1):
        row = factor[i]
        value = rhs[i] / row[i]
        rhs[i] = value
        for j in range(i):
            rhs[j] -= value * row[j]
