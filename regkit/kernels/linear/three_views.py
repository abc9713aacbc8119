"""Three paths on reweighted rows of one dense X: what a read of X gives them all.

Each path k has a Z of its own, ``z_kij = r_ki (x_ij - m_kj) / s_kj``: roots of weights,
means and scales. X is read about the means m of all rows (``offset``); what sets a
path's Z apart is put right in the sums: ``shift``, how far its means are from those,
and ``inverse``, its scales' reciprocals. X's columns are contiguous.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import summing_part

# Paths that are served at a time: the kernels are written for so many.
ABREAST = 3


class SharedColumns(NamedTuple):
    """X, and what a path's Z makes of it."""

    transposed: NDArray[Any]  # (p, n)
    offset: Floats  # m
    weights: Floats  # (3, n), the roots' squares
    roots: Floats  # (3, n)
    shift: Floats  # (3, p)
    inverse: Floats  # (3, p)


@summing_part
def correlate(
    X: SharedColumns,
    columns: Indices,
    residuals: Floats,
    limit: Floats,
    alpha: float,
    out: Floats,
) -> Indices:
    """Write z_kjᵀ r_k to ``out[k, j]`` for j of ``columns``.

    Returns those that exceed ``alpha * limit`` for any k. Four columns and three paths
    at a time make twelve sums in registers.
    """
    transposed, offset, shift, inverse = X.transposed, X.offset, X.shift, X.inverse
    above = np.empty(columns.shape[0], dtype=np.int64)
    n_above = 0
    n = transposed.shape[1]
    count = columns.shape[0]
    weights = np.empty(residuals.shape)
    w0, w1, w2 = weights[0], weights[1], weights[2]
    level0 = level1 = level2 = 0.0
    for i in range(n):
        w0[i] = X.roots[0, i] * residuals[0, i]
        w1[i] = X.roots[1, i] * residuals[1, i]
        w2[i] = X.roots[2, i] * residuals[2, i]
        level0 += w0[i]
        level1 += w1[i]
        level2 += w2[i]
    for c in range(0, count, 4):
        own = count - c if count - c < 4 else 4
        ja = columns[c]
        jb = columns[c + 1] if own > 1 else ja
        jc = columns[c + 2] if own > 2 else ja
        jd = columns[c + 3] if own > 3 else ja
        xa, xb, xc, xd = transposed[ja], transposed[jb], transposed[jc], transposed[jd]
        ma, mb, mc, md = offset[ja], offset[jb], offset[jc], offset[jd]
        a0 = a1 = a2 = b0 = b1 = b2 = c0 = c1 = c2 = d0 = d1 = d2 = 0.0
        for i in range(n):
            u0, u1, u2 = w0[i], w1[i], w2[i]
            a = np.float64(xa[i]) - ma
            b = np.float64(xb[i]) - mb
            x = np.float64(xc[i]) - mc
            y = np.float64(xd[i]) - md
            a0 += u0 * a
            a1 += u1 * a
            a2 += u2 * a
            b0 += u0 * b
            b1 += u1 * b
            b2 += u2 * b
            c0 += u0 * x
            c1 += u1 * x
            c2 += u2 * x
            d0 += u0 * y
            d1 += u1 * y
            d2 += u2 * y
        lines = ((ja, a0, a1, a2), (jb, b0, b1, b2), (jc, c0, c1, c2), (jd, d0, d1, d2))
        for t in range(own):
            j, s0, s1, s2 = lines[t]
            s0 = (s0 - shift[0, j] * level0) * inverse[0, j]
            s1 = (s1 - shift[1, j] * level1) * inverse[1, j]
            s2 = (s2 - shift[2, j] * level2) * inverse[2, j]
            out[0, j], out[1, j], out[2, j] = s0, s1, s2
            threshold = alpha * limit[j]
            if abs(s0) > threshold or abs(s1) > threshold or abs(s2) > threshold:
                above[n_above] = j
                n_above += 1
    return above[:n_above]


@summing_part
def extend(
    X: SharedColumns, working: Indices, before: Indices, sizes: Indices, gram: Floats
) -> None:
    """Write each path's Gram matrix of the columns ``working[k, :sizes[k]]``.

    It is known up to ``before[k]``. About the means of all rows, then brought to the
    path's own. In tiles of 4 x 4; one that would reach over an edge repeats the
    first row or column.
    """
    transposed, offset, weights = X.transposed, X.offset, X.weights
    shift, inverse = X.shift, X.inverse
    n = transposed.shape[1]
    for k in range(3):
        size, total = before[k], sizes[k]
        if size == total:
            continue
        new = np.empty((total - size, n))
        for a in range(size, total):
            column = transposed[working[k, a]]
            center = offset[working[k, a]]
            row = new[a - size]
            for i in range(n):
                row[i] = weights[k, i] * (np.float64(column[i]) - center)
        for b in range(0, total, 4):
            others = total - b if total - b < 4 else 4
            j0 = working[k, b]
            j1 = working[k, b + 1] if others > 1 else j0
            j2 = working[k, b + 2] if others > 2 else j0
            j3 = working[k, b + 3] if others > 3 else j0
            x0, x1, x2, x3 = (
                transposed[j0],
                transposed[j1],
                transposed[j2],
                transposed[j3],
            )
            m0, m1, m2, m3 = offset[j0], offset[j1], offset[j2], offset[j3]
            for a in range(0, total - size, 4):
                ones = total - size - a if total - size - a < 4 else 4
                r0 = new[a]
                r1 = new[a + 1] if ones > 1 else r0
                r2 = new[a + 2] if ones > 2 else r0
                r3 = new[a + 3] if ones > 3 else r0
                s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = 0.0
                s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = 0.0
                for i in range(n):
                    c0 = np.float64(x0[i]) - m0
                    c1 = np.float64(x1[i]) - m1
                    c2 = np.float64(x2[i]) - m2
                    c3 = np.float64(x3[i]) - m3
                    s00 += r0[i] * c0
                    s01 += r0[i] * c1
                    s02 += r0[i] * c2
                    s03 += r0[i] * c3
                    s10 += r1[i] * c0
                    s11 += r1[i] * c1
                    s12 += r1[i] * c2
                    s13 += r1[i] * c3
                    s20 += r2[i] * c0
                    s21 += r2[i] * c1
                    s22 += r2[i] * c2
                    s23 += r2[i] * c3
                    s30 += r3[i] * c0
                    s31 += r3[i] * c1
                    s32 += r3[i] * c2
                    s33 += r3[i] * c3
                lines = (
                    (s00, s01, s02, s03),
                    (s10, s11, s12, s13),
                    (s20, s21, s22, s23),
                    (s30, s31, s32, s33),
                )
                for t in range(ones):
                    line = lines[t]
                    one = size + a + t
                    own, scale = shift[k, working[k, one]], inverse[k, working[k, one]]
                    for u in range(others):
                        j = working[k, b + u]
                        entry = (line[u] - own * shift[k, j]) * (scale * inverse[k, j])
                        gram[k, one, b + u] = entry
                        gram[k, b + u, one] = entry


@summing_part
def residuals_of(
    X: SharedColumns, working: Indices, sizes: Indices, coef: Floats, targets: Floats
) -> Floats:
    """Return ``targets - Z[:, working] @ coef`` for each path, shape (3, n)."""
    transposed, offset, roots = X.transposed, X.offset, X.roots
    shift, inverse = X.shift, X.inverse
    n = transposed.shape[1]
    out = np.empty(targets.shape)
    used = np.empty(working.shape[1] + 3, dtype=np.int64)
    steps = np.empty(working.shape[1] + 3)
    for k in range(3):
        count = 0
        level = 0.0
        for a in range(sizes[k]):
            if coef[k, a] != 0.0:
                j = working[k, a]
                used[count] = j
                steps[count] = coef[k, a] * inverse[k, j]
                level += steps[count] * shift[k, j]
                count += 1
        for a in range(count, count + 3):  # to make a multiple of four
            used[a] = used[0]
            steps[a] = 0.0
        combined = np.empty(n)
        for i in range(n):
            combined[i] = -level
        for a in range(0, count, 4):
            j0, j1, j2, j3 = used[a], used[a + 1], used[a + 2], used[a + 3]
            s0, s1, s2, s3 = steps[a], steps[a + 1], steps[a + 2], steps[a + 3]
            x0, x1 = transposed[j0], transposed[j1]
            x2, x3 = transposed[j2], transposed[j3]
            m0, m1, m2, m3 = offset[j0], offset[j1], offset[j2], offset[j3]
            for i in range(n):
                combined[i] += (
                    s0 * (np.float64(x0[i]) - m0)
                    + s1 * (np.float64(x1[i]) - m1)
                    + s2 * (np.float64(x2[i]) - m2)
                    + s3 * (np.float64(x3[i]) - m3)
                )
        for i in range(n):
            out[k, i] = targets[k, i] - roots[k, i] * combined[i]
    return out
