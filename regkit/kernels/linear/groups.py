"""Quadratic models with a penalty on the norms of groups: sweeps over the groups.

The model of coefficients b, in A groups of K entries, is

    1/2 bᵀ G b - tᵀ b + Σ_g (a_g |b_g| + q_g/2 |b_g|²).

With the other groups fixed, group g's gradient at zero is -s, and its minimum is zero
where ``|s| <= a``. Otherwise, in the basis of the eigenvectors V of G_gg with the
eigenvalues d, it is ``r V diag(1 / ((d + q) r + a)) Vᵀ s`` for the norm r that solves

    Σ_k (Vᵀ s)_k² / ((d_k + q) r + a)² = 1.

M. Vincent, N. R. Hansen: Sparse group lasso and high dimensional multinomial
classification. Comput. Stat. Data Anal. 71 (2014) 771-786.
"""

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels._jit import kernel, part

_MOST_STEPS = 100


@part
def _norm(along: Floats, curvature: Floats, a: float) -> float:
    """Return r, by Newton steps on the root of the sum's inverse, which is concave."""
    r = 0.0
    for _ in range(_MOST_STEPS):
        total, slope = 0.0, 0.0
        for k in range(len(along)):
            d = curvature[k] * r + a
            share = (along[k] / d) ** 2
            total += share
            slope += share * curvature[k] / d
        if not slope > 0.0:
            return r
        step = total * (np.sqrt(total) - 1.0) / slope
        r = max(r + step, 0.0)
        if abs(step) <= 1e-15 * r:
            break
    return r


@kernel
def sweep(
    gram: Floats,
    members: Indices,
    values: Floats,
    vectors: Floats,
    penalties: Floats,
    coef: Floats,
    correlation: Floats,
) -> None:
    """Minimize over one group after the other.

    ``members`` (A, K) are the places of the groups' entries, ``values`` (A, K) and
    ``vectors`` (A, K, K) the eigenvalues and eigenvectors of their part of ``gram``,
    ``penalties`` (A, 2) their a and q. ``coef`` and ``correlation = t - G b`` are
    updated.
    """
    n_groups, n_entries = members.shape
    along, curvature = np.empty(n_entries), np.empty(n_entries)
    change = np.empty(n_entries)
    for g in range(n_groups):
        own, V = members[g], vectors[g]
        a, q = penalties[g, 0], penalties[g, 1]
        is_zero = True
        for k in range(n_entries):
            is_zero = is_zero and coef[own[k]] == 0.0
        size, largest = 0.0, 0.0
        for m in range(n_entries):
            inner, before = 0.0, 0.0
            for k in range(n_entries):
                inner += V[k, m] * correlation[own[k]]
                before += V[k, m] * coef[own[k]]
            along[m] = inner + values[g, m] * before
            size += along[m] ** 2
            largest = max(largest, values[g, m])
        # (Where it is met but for rounding, zero is zero.)
        if size <= a * a * (1.0 + 1e-14):
            if is_zero:
                continue
            for k in range(n_entries):
                change[k] = -coef[own[k]]
        else:
            for m in range(n_entries):
                curvature[m] = values[g, m] + q
            r = _norm(along, curvature, a) if a > 0.0 else 1.0
            for k in range(n_entries):
                change[k] = -coef[own[k]]
            for m in range(n_entries):
                d = curvature[m] * r + a
                # (Without a penalty nothing moves where there is no curvature.)
                if d > 1e-13 * largest:
                    for k in range(n_entries):
                        change[k] += V[k, m] * along[m] * r / d
        for k in range(n_entries):
            moved = change[k]
            if moved != 0.0:
                coef[own[k]] += moved
                row = gram[own[k]]
                for i in range(len(correlation)):
                    correlation[i] -= moved * row[i]
