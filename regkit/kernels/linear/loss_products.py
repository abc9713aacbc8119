"""Products of columns with the rows of several problems, for some rows at a time.

A read of the columns serves three problems at once.
"""

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels._jit import uncounted_summing_part

# Problems that are served by a read.
ABREAST = 3
Three = tuple[Floats, Floats, Floats]


@uncounted_summing_part
def combine_one(
    columns: Floats,
    used: Indices,
    step: Floats,
    out: Floats,
    start: int | np.int64,
) -> None:
    """Add the columns' products with a step, one of its entries each.

    They are those of the rows from ``start`` on, as many as ``out`` has.
    """
    m = out.shape[0]
    t = 0
    while t + 4 <= used.shape[0]:
        j0, j1, j2, j3 = used[t], used[t + 1], used[t + 2], used[t + 3]
        x0, x1 = columns[j0, start : start + m], columns[j1, start : start + m]
        x2, x3 = columns[j2, start : start + m], columns[j3, start : start + m]
        s0, s1, s2, s3 = step[j0], step[j1], step[j2], step[j3]
        for i in range(m):
            out[i] += s0 * x0[i] + s1 * x1[i] + s2 * x2[i] + s3 * x3[i]
        t += 4
    while t < used.shape[0]:
        x0, s0 = columns[used[t], start : start + m], step[used[t]]
        for i in range(m):
            out[i] += s0 * x0[i]
        t += 1


@uncounted_summing_part
def combine_three(
    columns: Floats,
    used: Indices,
    step: Three,
    out: Three,
    start: int | np.int64,
) -> None:
    """Do as `combine_one` for three problems at once."""
    a, b, c = out
    m = a.shape[0]
    first, second, third = step
    t = 0
    while t + 4 <= used.shape[0]:
        j0, j1, j2, j3 = used[t], used[t + 1], used[t + 2], used[t + 3]
        x0, x1 = columns[j0, start : start + m], columns[j1, start : start + m]
        x2, x3 = columns[j2, start : start + m], columns[j3, start : start + m]
        a0, a1, a2, a3 = first[j0], first[j1], first[j2], first[j3]
        b0, b1, b2, b3 = second[j0], second[j1], second[j2], second[j3]
        c0, c1, c2, c3 = third[j0], third[j1], third[j2], third[j3]
        for i in range(m):
            a[i] += a0 * x0[i] + a1 * x1[i] + a2 * x2[i] + a3 * x3[i]
            b[i] += b0 * x0[i] + b1 * x1[i] + b2 * x2[i] + b3 * x3[i]
            c[i] += c0 * x0[i] + c1 * x1[i] + c2 * x2[i] + c3 * x3[i]
        t += 4
    for u in range(3):
        combine_one(columns, used[t:], step[u], out[u], start)


@uncounted_summing_part
def correlate_one(
    columns: Floats,
    size: int,
    weight: Floats,
    start: int | np.int64,
    products: Floats,
) -> None:
    """Add the first columns' products with the rows from ``start`` on, so weighted."""
    m = weight.shape[0]
    last = size - 1
    for j in range(0, size, 4):
        x0, x1 = columns[j, start : start + m], columns[min(j + 1, last), start:]
        x2, x3 = columns[min(j + 2, last), start:], columns[min(j + 3, last), start:]
        s0 = s1 = s2 = s3 = 0.0
        for i in range(m):
            v = weight[i]
            s0 += v * x0[i]
            s1 += v * x1[i]
            s2 += v * x2[i]
            s3 += v * x3[i]
        sums = (s0, s1, s2, s3)
        for c in range(min(4, size - j)):
            products[j + c] += sums[c]


@uncounted_summing_part
def correlate_three(
    columns: Floats,
    size: int,
    weight: Three,
    start: int | np.int64,
    products: Three,
) -> None:
    """Do as `correlate_one` for three problems at once."""
    a, b, c = weight
    m = a.shape[0]
    last = size - 1
    for j in range(0, size, 4):
        x0, x1 = columns[j, start : start + m], columns[min(j + 1, last), start:]
        x2, x3 = columns[min(j + 2, last), start:], columns[min(j + 3, last), start:]
        a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = 0.0
        for i in range(m):
            u, v, w = a[i], b[i], c[i]
            a0 += u * x0[i]
            a1 += u * x1[i]
            a2 += u * x2[i]
            a3 += u * x3[i]
            b0 += v * x0[i]
            b1 += v * x1[i]
            b2 += v * x2[i]
            b3 += v * x3[i]
            c0 += w * x0[i]
            c1 += w * x1[i]
            c2 += w * x2[i]
            c3 += w * x3[i]
        sums = ((a0, b0, c0), (a1, b1, c1), (a2, b2, c2), (a3, b3, c3))
        for t in range(min(4, size - j)):
            one = sums[t]
            products[0][j + t] += one[0]
            products[1][j + t] += one[1]
            products[2][j + t] += one[2]
