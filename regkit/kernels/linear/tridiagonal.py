"""Systems with T + a I for many a, T symmetric, tridiagonal and positive definite.

Each is factored as ``L D Lᵀ`` with a unit lower bidiagonal L, alphas side by side.
"""

import numpy as np

from regkit._types import Floats
from regkit.kernels._jit import kernel, summing_kernel

# So many rows at a time keep what is known of them in cache.
_ROWS = 64


@kernel
def factor(
    diagonal: Floats, off_diagonal: Floats, alphas: Floats
) -> tuple[Floats, Floats]:
    """Return L's entries below the diagonal and 1/D, both (r, A); L's last row is 0."""
    r, n_alphas = diagonal.shape[0], alphas.shape[0]
    multipliers = np.zeros((r, n_alphas))
    inverse = np.empty((r, n_alphas))
    if r == 0:
        return multipliers, inverse
    for a in range(n_alphas):
        inverse[0, a] = 1.0 / (diagonal[0] + alphas[a])
    for j in range(1, r):
        e = off_diagonal[j - 1]
        for a in range(n_alphas):
            multiplier = e * inverse[j - 1, a]
            multipliers[j - 1, a] = multiplier
            inverse[j, a] = 1.0 / (diagonal[j] + alphas[a] - multiplier * e)
    return multipliers, inverse


@kernel
def solve(multipliers: Floats, inverse: Floats, right: Floats) -> Floats:
    """Return the solutions (r, A) for one right-hand side (r,)."""
    r, n_alphas = inverse.shape
    found = np.empty((r, n_alphas))
    if r == 0:
        return found
    found[0] = right[0]
    for j in range(1, r):
        for a in range(n_alphas):
            found[j, a] = right[j] - multipliers[j - 1, a] * found[j - 1, a]
    for a in range(n_alphas):
        found[r - 1, a] *= inverse[r - 1, a]
    for j in range(r - 2, -1, -1):
        for a in range(n_alphas):
            found[j, a] = (
                inverse[j, a] * found[j, a] - multipliers[j, a] * found[j + 1, a]
            )
    return found


@summing_kernel
def inverse_forms(
    columns: Floats, start: int, stop: int, multipliers: Floats, inverse: Floats
) -> Floats:
    """Return ``qᵀ (T + a I)⁻¹ q``, (m, A), for the columns q from start to stop.

    Each is ``Σ_j w_j² / D_j`` with ``L w = q``: a sum of squares, nothing cancels. Here
    the factors lie alpha by alpha, (A, r).
    """
    n_alphas, r = inverse.shape
    forms = np.empty((stop - start, n_alphas))
    block = np.empty((r, _ROWS))
    w = np.empty(_ROWS)
    total = np.empty(_ROWS)
    for first in range(start, stop, _ROWS):
        size = min(_ROWS, stop - first)
        for j in range(r):
            for i in range(size):
                block[j, i] = columns[j, first + i]
            for i in range(size, _ROWS):
                block[j, i] = 0.0
        for a in range(n_alphas):
            w[:] = 0.0
            total[:] = 0.0
            multiplier = 0.0
            for j in range(r):
                q = block[j]
                scale = inverse[a, j]
                for i in range(_ROWS):
                    found = q[i] - multiplier * w[i]
                    w[i] = found
                    total[i] += scale * found * found
                multiplier = multipliers[a, j]
            for i in range(size):
                forms[first - start + i, a] = total[i]
    return forms
