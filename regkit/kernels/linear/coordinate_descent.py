"""Cyclic coordinate descent on the residual or on a Gram matrix.

One coordinate at a time, the exact minimizer of

    1/2 |y - Z b|² + alpha Σ_j ( l1_j |b_j| + l2_j b_j² / 2 ),   lower <= b <= upper

in b_j is a soft-threshold, a division and a clip (Friedman, Hastie & Tibshirani 2010).
Sweeps over all columns alternate with sweeps over the nonzero ones.
"""

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels._jit import kernel, part
from regkit.kernels.linear.columns import ColumnBlock, product, subtract
from regkit.kernels.linear.terms import Terms

# A step between two values of one sign is made longer by this factor (successive
# over-relaxation); any below 2 keeps the objective falling.
OVERRELAXATION = 1.2


@part
def _minimizer(
    pull: float, curvature: float, threshold: float, low: float, high: float
) -> float:
    """Return the best value of a coordinate, its slope at zero being ``pull``."""
    if pull > threshold:
        best = (pull - threshold) / curvature
    elif pull < -threshold:
        best = (pull + threshold) / curvature
    else:
        best = 0.0
    return min(max(best, low), high)


@kernel
def on_residual(
    block: ColumnBlock,
    columns: Indices,
    terms: Terms,
    alpha: float,
    coef: Floats,
    residual: Floats,
    tolerance: float,
    max_sweeps: int,
) -> int:
    """Sweep until the gradients left over no longer matter.

    A gradient g_k of a coordinate adds at most about ``|g_k| Σ|b|`` to the duality
    gap; sweeps end when all add less than ``tolerance``. ``columns[k]`` is the block's
    column of coordinate k. ``coef`` and ``residual`` are updated; the number of sweeps
    is returned.
    """
    data, weighted, weight, indices, indptr, offset, mean = block
    m = columns.shape[0]
    active = np.empty(m, dtype=np.int64)
    n_active = 0
    everything = True
    for sweep in range(max_sweeps):
        steepest = 0.0
        l1_norm = 0.0
        count = m if everything else n_active
        for c in range(count):
            k = c if everything else active[c]
            old = coef[k]
            curvature = terms.square[k] + alpha * terms.l2[k]
            if curvature == 0.0:
                continue
            j = columns[k]
            first, last = indptr[j], indptr[j + 1]
            slope = product(weighted, indices, first, last, residual) * weight
            slope += residual[-1] * mean[j]
            new = _minimizer(
                slope + terms.square[k] * old,
                curvature,
                alpha * terms.l1[k],
                terms.lower[k],
                terms.upper[k],
            )
            if new != old:
                steepest = max(steepest, abs(new - old) * curvature)
                if old * new > 0.0:
                    further = old + OVERRELAXATION * (new - old)
                    inside = terms.lower[k] < further < terms.upper[k]
                    if inside and further * new > 0.0:
                        new = further
                coef[k] = new
                subtract(data, indices, first, last, new - old, residual)
                residual[-1] += (new - old) * offset[j]
            l1_norm += abs(new)
        settled = steepest * l1_norm <= tolerance
        if everything:
            if settled:
                return sweep + 1
            n_active = 0
            for k in range(m):
                if coef[k] != 0.0:
                    active[n_active] = k
                    n_active += 1
            everything = False
        elif settled:
            everything = True
    return max_sweeps


@kernel
def on_gram(
    gram: Floats,
    terms: Terms,
    alpha: float,
    coef: Floats,
    slope: Floats,
    tolerance: float,
    max_sweeps: int,
) -> int:
    """Do as `on_residual`, keeping correlations, ``slope``, instead of a residual."""
    n = coef.shape[0]
    for sweep in range(max_sweeps):
        progress = 0.0
        for j in range(n):
            curvature = terms.square[j] + alpha * terms.l2[j]
            if curvature == 0.0:
                continue
            new = _minimizer(
                slope[j] + terms.square[j] * coef[j],
                curvature,
                alpha * terms.l1[j],
                terms.lower[j],
                terms.upper[j],
            )
            step = new - coef[j]
            if step != 0.0:
                coef[j] = new
                row = gram[j]
                for t in range(n):
                    slope[t] -= step * row[t]
                gain = step * step * (terms.square[j] + alpha * terms.l2[j])
                progress += gain
        if progress <= tolerance:
            return sweep + 1
    return max_sweeps
