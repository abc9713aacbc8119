"""Products of the few columns in use, in tiles whose sums stay in registers."""

import numpy as np
from numpy.typing import NDArray

from regkit.kernels._jit import summing_part


@summing_part
def multiply(left: NDArray[np.float64], gram: NDArray[np.float64], size: int) -> None:
    """Write the products of the first rows of ``left`` with each other."""
    n = left.shape[1]
    last = size - 1
    for a in range(0, size, 4):
        a1, a2, a3 = min(a + 1, last), min(a + 2, last), min(a + 3, last)
        r0, r1, r2, r3 = left[a], left[a1], left[a2], left[a3]
        for j in range(0, a + 4, 4):
            if j > last:
                break
            j1, j2, j3 = min(j + 1, last), min(j + 2, last), min(j + 3, last)
            c0, c1, c2, c3 = left[j], left[j1], left[j2], left[j3]
            s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = 0.0
            s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = 0.0
            for t in range(n):
                s00 += r0[t] * c0[t]
                s01 += r0[t] * c1[t]
                s02 += r0[t] * c2[t]
                s03 += r0[t] * c3[t]
                s10 += r1[t] * c0[t]
                s11 += r1[t] * c1[t]
                s12 += r1[t] * c2[t]
                s13 += r1[t] * c3[t]
                s20 += r2[t] * c0[t]
                s21 += r2[t] * c1[t]
                s22 += r2[t] * c2[t]
                s23 += r2[t] * c3[t]
                s30 += r3[t] * c0[t]
                s31 += r3[t] * c1[t]
                s32 += r3[t] * c2[t]
                s33 += r3[t] * c3[t]
            sums = (
                (s00, s01, s02, s03),
                (s10, s11, s12, s13),
                (s20, s21, s22, s23),
                (s30, s31, s32, s33),
            )
            for i in range(min(4, size - a)):
                line = sums[i]
                for c in range(min(4, size - j)):
                    gram[a + i, j + c] = line[c]
                    gram[j + c, a + i] = line[c]


@summing_part
def correlate(
    columns: NDArray[np.float64],
    weight: NDArray[np.float64],
    found: NDArray[np.float64],
    size: int,
) -> None:
    """Write the sums Σ_i weight_i x_ij of the first columns."""
    n = weight.shape[0]
    last = size - 1
    for j in range(0, size, 4):
        c0, c1 = columns[j], columns[min(j + 1, last)]
        c2, c3 = columns[min(j + 2, last)], columns[min(j + 3, last)]
        s0 = s1 = s2 = s3 = 0.0
        for i in range(n):
            v = weight[i]
            s0 += v * c0[i]
            s1 += v * c1[i]
            s2 += v * c2[i]
            s3 += v * c3[i]
        sums = (s0, s1, s2, s3)
        for c in range(min(4, size - j)):
            found[j + c] = sums[c]
