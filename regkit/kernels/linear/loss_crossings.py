"""Rows of the squared hinge that cross its kink, and what that changes in a model.

Between kinks the loss is a square: a model of the rows' own second derivatives holds
until a row crosses, and its linearized residual is the residual of all other rows.
"""

import numpy as np

from regkit._types import Floats
from regkit.kernels._jit import part, uncounted_summing_part
from regkit.kernels.linear.loss_model import (
    IMBALANCE,
    IS_NEW,
    TOTAL,
    WORN,
    Working,
    rebase,
)
from regkit.kernels.linear.loss_policy import FAINT, MOST_WORN
from regkit.kernels.linear.loss_steps import LossRows

# More than this share of the rows take a new Gram matrix: a matrix product is quicker.
_MOST_CROSSING = 1.0 / 16.0


@uncounted_summing_part
def value_of(residual: Floats, share: Floats) -> float:
    """Return the mean loss, margin² = residual² / 4 for each row."""
    total = 0.0
    for i in range(residual.shape[0]):
        total += share[i] * residual[i] * residual[i]
    return 0.25 * total


@uncounted_summing_part
def _add_row(
    line: Floats, bent: float, excess: float, working: Working, products: Floats
) -> None:
    """Add a row to the lower half of G, to the sums and to the products."""
    gram, sums = working.problem.gram, working.sums
    for j in range(line.shape[0]):
        products[j] += excess * line[j]
        sums[j] += bent * line[j]
        value = bent * line[j]
        for k in range(j + 1):
            gram[j, k] += value * line[k]


@part
def follow_crossings(
    rows: LossRows,
    working: Working,
    ratio: Floats,
    columns: Floats,
    size: int,
    fit_intercept: bool,
) -> bool:
    """Bring the model to the rows' second derivatives and residuals where they are.

    Returns False where its Gram matrix is to be formed anew: too many rows have
    crossed, or what remains of it is little beside the rounding errors of those that
    have left. ``ratio`` is what the problem's columns are of ``columns``.
    """
    figures, state = working.figures, working.state
    gram, sums = working.problem.gram, working.sums
    n = rows.y.shape[0]
    total, imbalance = figures[TOTAL], 0.0
    if total <= 0.0:
        return False
    crossed = np.empty(np.int64(_MOST_CROSSING * n), dtype=np.int64)
    count = 0
    for i in range(n):
        if rows.share[i] > 0.0 and rows.weight[i] != rows.curvature[i]:
            if count == crossed.shape[0]:
                return False
            crossed[count] = i
            count += 1
    if count == 0:
        return True
    products, before, line = np.empty(size), np.empty(size), np.empty(size)
    for j in range(size):
        products[j] = state.correlation[j]
        if fit_intercept:
            for k in range(j + 1):
                gram[j, k] += sums[j] * sums[k] / total
        before[j] = gram[j, j]
    for c in range(count):
        i = crossed[c]
        bent = rows.share[i] * (rows.curvature[i] - rows.weight[i])
        excess = rows.share[i] * (rows.residual[i] - rows.dual[i])
        for j in range(size):
            line[j] = ratio[j] * columns[j, i]
        _add_row(line, bent, excess, working, products)
        total += bent
        imbalance += excess
        rows.weight[i], rows.dual[i] = rows.curvature[i], rows.residual[i]
    fall = 1.0
    for j in range(size):
        if before[j] > 0.0:
            left = gram[j, j]
            fall = max(fall, before[j] / left if left > 0.0 else np.inf)
    figures[WORN] *= fall
    if not figures[WORN] <= MOST_WORN or total <= 0.0:
        return False
    for j in range(size):
        rest = gram[j, j] - sums[j] * sums[j] / total
        if fit_intercept and gram[j, j] > 0.0 and rest <= FAINT * gram[j, j]:
            return False
    for j in range(size):
        for k in range(j + 1):
            if fit_intercept:
                gram[j, k] -= sums[j] * sums[k] / total
            gram[k, j] = gram[j, k]
    figures[TOTAL] = total
    figures[IMBALANCE] = imbalance
    figures[IS_NEW] = 1.0
    rebase(working, products, size, fit_intercept)
    return True
