"""Matrix products of the sizes that tables need.

Loops over blocks of 4 × 4, which the compiler vectorises along the rows of the batch,
are faster than one thread of BLAS up to the sizes where caches overflow, and three
times as fast on the smallest (measured with OpenBLAS in float32); nor do their sums
depend on the number of threads. Larger products go to BLAS and its threads.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import summing_kernel

# Multiplications in the largest product that is done here.
SMALL = 1 << 23


@summing_kernel
def product(A: NDArray[Any], H: NDArray[Any], Z: NDArray[Any]) -> None:
    """Write A @ H to Z; H and Z are C-contiguous, A or its transpose is."""
    n_out, n_in = A.shape
    m = H.shape[1]
    if n_out * n_in * m > SMALL:
        np.dot(A, H, Z)
        return
    j4, k4 = n_out - n_out % 4, n_in - n_in % 4
    Z[:] = Z.dtype.type(0.0)
    for j in range(0, j4, 4):
        z0, z1, z2, z3 = Z[j], Z[j + 1], Z[j + 2], Z[j + 3]
        for k in range(0, k4, 4):
            h0, h1, h2, h3 = H[k], H[k + 1], H[k + 2], H[k + 3]
            a00, a01, a02, a03 = A[j, k], A[j, k + 1], A[j, k + 2], A[j, k + 3]
            i = j + 1
            a10, a11, a12, a13 = A[i, k], A[i, k + 1], A[i, k + 2], A[i, k + 3]
            i = j + 2
            a20, a21, a22, a23 = A[i, k], A[i, k + 1], A[i, k + 2], A[i, k + 3]
            i = j + 3
            a30, a31, a32, a33 = A[i, k], A[i, k + 1], A[i, k + 2], A[i, k + 3]
            for i in range(m):
                x0, x1, x2, x3 = h0[i], h1[i], h2[i], h3[i]
                z0[i] += a00 * x0 + a01 * x1 + a02 * x2 + a03 * x3
                z1[i] += a10 * x0 + a11 * x1 + a12 * x2 + a13 * x3
                z2[i] += a20 * x0 + a21 * x1 + a22 * x2 + a23 * x3
                z3[i] += a30 * x0 + a31 * x1 + a32 * x2 + a33 * x3
        for k in range(k4, n_in):
            h0 = H[k]
            a00, a10, a20, a30 = A[j, k], A[j + 1, k], A[j + 2, k], A[j + 3, k]
            for i in range(m):
                x0 = h0[i]
                z0[i] += a00 * x0
                z1[i] += a10 * x0
                z2[i] += a20 * x0
                z3[i] += a30 * x0
    for j in range(j4, n_out):
        z0 = Z[j]
        for k in range(n_in):
            h0, a00 = H[k], A[j, k]
            for i in range(m):
                z0[i] += a00 * h0[i]


@summing_kernel
def outer_product(D: NDArray[Any], H: NDArray[Any], G: NDArray[Any]) -> None:
    """Write D @ H.T to G; all are C-contiguous."""
    n_out, m = D.shape
    n_in = H.shape[0]
    if n_out * n_in * m > SMALL:
        np.dot(D, H.T, G)
        return
    zero = G.dtype.type(0.0)
    j4, k4 = n_out - n_out % 4, n_in - n_in % 4
    for j in range(0, j4, 4):
        d0, d1, d2, d3 = D[j], D[j + 1], D[j + 2], D[j + 3]
        for k in range(0, k4, 4):
            h0, h1, h2, h3 = H[k], H[k + 1], H[k + 2], H[k + 3]
            s00 = s01 = s02 = s03 = zero
            s10 = s11 = s12 = s13 = zero
            s20 = s21 = s22 = s23 = zero
            s30 = s31 = s32 = s33 = zero
            for i in range(m):
                x0, x1, x2, x3 = h0[i], h1[i], h2[i], h3[i]
                y0, y1, y2, y3 = d0[i], d1[i], d2[i], d3[i]
                s00 += y0 * x0
                s01 += y0 * x1
                s02 += y0 * x2
                s03 += y0 * x3
                s10 += y1 * x0
                s11 += y1 * x1
                s12 += y1 * x2
                s13 += y1 * x3
                s20 += y2 * x0
                s21 += y2 * x1
                s22 += y2 * x2
                s23 += y2 * x3
                s30 += y3 * x0
                s31 += y3 * x1
                s32 += y3 * x2
                s33 += y3 * x3
            i = j
            G[i, k], G[i, k + 1], G[i, k + 2], G[i, k + 3] = s00, s01, s02, s03
            i = j + 1
            G[i, k], G[i, k + 1], G[i, k + 2], G[i, k + 3] = s10, s11, s12, s13
            i = j + 2
            G[i, k], G[i, k + 1], G[i, k + 2], G[i, k + 3] = s20, s21, s22, s23
            i = j + 3
            G[i, k], G[i, k + 1], G[i, k + 2], G[i, k + 3] = s30, s31, s32, s33
        for k in range(k4, n_in):
            h0 = H[k]
            s00 = s10 = s20 = s30 = zero
            for i in range(m):
                x0 = h0[i]
                s00 += d0[i] * x0
                s10 += d1[i] * x0
                s20 += d2[i] * x0
                s30 += d3[i] * x0
            G[j, k], G[j + 1, k], G[j + 2, k], G[j + 3, k] = s00, s10, s20, s30
    for j in range(j4, n_out):
        d0 = D[j]
        for k in range(n_in):
            h0 = H[k]
            s00 = zero
            for i in range(m):
                s00 += d0[i] * h0[i]
            G[j, k] = s00
