"""Passes over a dense X that BLAS has no call for: centered, mixed precision.

Each kernel exists for both storage orders: ``rows`` for C order, ``columns`` for the
transpose of F order. Sums are kept in float64 whatever X's dtype; the center is
subtracted before the product, so large means cost no digits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import kernel, summing_kernel

TwoMoments = tuple[Floats, Floats]
# Columns handled together in C order: their sums stay in the first-level cache.
_STRIP = 1024
# Rows and columns of a square that stays in cache.
_TILE = 64


@summing_kernel
def correlate_rows(X: NDArray[Any], offset: Floats, weight: Floats) -> Floats:
    """Return Σ_i weight_i (x_ij - offset_j) for every column j of a C-ordered X."""
    n, p = X.shape
    out = np.zeros(p)
    for first in range(0, p, _STRIP):
        last = min(p, first + _STRIP)
        for i in range(n):
            row = X[i]
            v = weight[i]
            for j in range(first, last):
                out[j] += v * (np.float64(row[j]) - offset[j])
    return out


@summing_kernel
def correlate_columns(
    transposed: NDArray[Any], columns: Indices, offset: Floats, weight: Floats
) -> Floats:
    """Return Σ_i weight_i (x_ij - offset_j) for j of ``columns``; X is transposed."""
    n = transposed.shape[1]
    out = np.empty(columns.shape[0])
    for c in range(columns.shape[0]):
        column = transposed[columns[c]]
        center = offset[columns[c]]
        total = 0.0
        for i in range(n):
            total += weight[i] * (np.float64(column[i]) - center)
        out[c] = total
    return out


@summing_kernel
def moments_rows(X: NDArray[Any], offset: Floats, weight: Floats) -> TwoMoments:
    """Return the weighted first and second moments about ``offset``, C order."""
    n, p = X.shape
    first_moment = np.zeros(p)
    second_moment = np.zeros(p)
    for first in range(0, p, _STRIP):
        last = min(p, first + _STRIP)
        for i in range(n):
            row = X[i]
            v = weight[i]
            for j in range(first, last):
                distance = np.float64(row[j]) - offset[j]
                first_moment[j] += v * distance
                second_moment[j] += v * distance * distance
    return first_moment, second_moment


@summing_kernel
def moments_columns(
    columns: NDArray[Any], offset: Floats, weight: Floats
) -> TwoMoments:
    """Return the weighted first and second moments about ``offset``, F order."""
    p, n = columns.shape
    first_moment = np.empty(p)
    second_moment = np.empty(p)
    for j in range(p):
        column = columns[j]
        center = offset[j]
        first = 0.0
        second = 0.0
        for i in range(n):
            distance = np.float64(column[i]) - center
            first += weight[i] * distance
            second += weight[i] * distance * distance
        first_moment[j] = first
        second_moment[j] = second
    return first_moment, second_moment


@summing_kernel
def correlate_columns_together(
    transposed: NDArray[Any], columns: Indices, offset: Floats, weights: Floats
) -> Floats:
    """Return Σ_i weights_ri (x_ij - offset_j) for j of ``columns`` and every row r.

    The number of rows of ``weights`` is a multiple of 3. Two columns and three weights
    at a time make six sums in registers: a read of X serves them all.
    """
    n = transposed.shape[1]
    count = columns.shape[0]
    out = np.empty((count, weights.shape[0]))
    for c in range(0, count, 2):
        d = min(c + 1, count - 1)
        left = transposed[columns[c]]
        right = transposed[columns[d]]
        left_center = offset[columns[c]]
        right_center = offset[columns[d]]
        for r in range(0, weights.shape[0], 3):
            w0, w1, w2 = weights[r], weights[r + 1], weights[r + 2]
            l0 = l1 = l2 = r0 = r1 = r2 = 0.0
            for i in range(n):
                x = np.float64(left[i]) - left_center
                y = np.float64(right[i]) - right_center
                l0 += w0[i] * x
                l1 += w1[i] * x
                l2 += w2[i] * x
                r0 += w0[i] * y
                r1 += w1[i] * y
                r2 += w2[i] * y
            out[c, r], out[c, r + 1], out[c, r + 2] = l0, l1, l2
            out[d, r], out[d, r + 1], out[d, r + 2] = r0, r1, r2
    return out


@summing_kernel
def combine_columns(
    transposed: NDArray[Any], columns: Indices, coef: Floats, offset: Floats
) -> Floats:
    """Return Σ_k coef_k (x_ij - offset_j), j the k-th of ``columns``, for every row i.

    Columns of coefficient zero are not read.
    """
    n = transposed.shape[1]
    out = np.zeros(n)
    used = np.flatnonzero(coef)
    k = 0
    while k + 4 <= len(used):
        a, b, c, d = used[k], used[k + 1], used[k + 2], used[k + 3]
        s0, s1, s2, s3 = coef[a], coef[b], coef[c], coef[d]
        j0, j1, j2, j3 = columns[a], columns[b], columns[c], columns[d]
        x0, x1, x2, x3 = transposed[j0], transposed[j1], transposed[j2], transposed[j3]
        m0, m1, m2, m3 = offset[j0], offset[j1], offset[j2], offset[j3]
        for i in range(n):
            out[i] += (
                s0 * (np.float64(x0[i]) - m0)
                + s1 * (np.float64(x1[i]) - m1)
                + s2 * (np.float64(x2[i]) - m2)
                + s3 * (np.float64(x3[i]) - m3)
            )
        k += 4
    while k < len(used):
        j = columns[used[k]]
        column, step, center = transposed[j], coef[used[k]], offset[j]
        for i in range(n):
            out[i] += step * (np.float64(column[i]) - center)
        k += 1
    return out


@kernel
def complete_row_products(
    products: Floats, cross: Floats, square: float, root: Floats
) -> None:
    """Turn the upper triangle of X Xᵀ into Z Zᵀ, in place, both triangles.

    ``cross`` is X m and ``square`` mᵀm for the means m of the columns; ``root`` are the
    square roots of the rows' weights.
    """
    n = products.shape[0]
    for top in range(0, n, _TILE):
        bottom = min(top + _TILE, n)
        for left in range(top, n, _TILE):
            right = min(left + _TILE, n)
            for i in range(top, bottom):
                row = products[i]
                for j in range(max(i, left), right):
                    row[j] = ((row[j] - cross[i] - cross[j]) + square) * (
                        root[i] * root[j]
                    )
            for j in range(left, right):
                row = products[j]
                for i in range(top, min(j, bottom)):
                    row[i] = products[i, j]
