"""One of several problems that are solved side by side: what it does between products.

The products of all problems with the columns are formed together, outside; in between
each goes on by itself, from one stage to the next.
"""

import numpy as np

from regkit._types import Floats
from regkit.kernels._jit import kernel, part
from regkit.kernels.linear import active_set
from regkit.kernels.linear.loss_model import (
    DIVERGENCE,
    GAP,
    IMBALANCE,
    IS_NEW,
    LEAST,
    N_SOLVES,
    PATIENCE_LEFT,
    SHIFT,
    TOTAL,
    Settings,
    Working,
    accept,
    gap_bound,
    is_balanced,
    own_residual,
    rebase,
    wants_new_gram,
)
from regkit.kernels.linear.loss_policy import PATIENCE
from regkit.kernels.linear.loss_steps import LossRows

# Stages: what has been done since the last call.
BEGUN = 0  # a new alpha
MOVED = 1  # ``rows.change`` is the step's product with the columns
CORRELATED = 2  # ``products`` are those of what ``rows.change`` was
# Answers: what is to be done before the next.
NEEDS_CHANGE = 0
NEEDS_PRODUCTS = 1
NEEDS_GRAM = 2  # and then the products
DONE = 3
FAILED = 4  # the coefficients are those before the step


@part
def _propose(
    working: Working,
    size: int,
    settings: Settings,
    alpha: float,
    before: Floats,
    step: Floats,
) -> int:
    """Minimize the model; write the step."""
    state, figures = working.state, working.figures
    for j in range(size):
        before[j] = state.coef[j]
    ridged = settings.ridged or figures[IS_NEW] > 0.0
    _, solved = active_set.pivot(
        working.problem, state, size, alpha, settings.max_iter, ridged
    )
    if not solved:
        state.coef[:size] = before[:size]
        return FAILED
    shift = figures[IMBALANCE]
    for j in range(size):
        step[j] = state.coef[j] - before[j]
        shift -= working.sums[j] * step[j]
    is_free = settings.fit_intercept and figures[TOTAL] > 0.0
    figures[SHIFT] = shift / figures[TOTAL] if is_free else 0.0
    return NEEDS_CHANGE


@part
def _settle(
    rows: LossRows,
    working: Working,
    size: int,
    settings: Settings,
    alpha: float,
    before: Floats,
) -> int:
    """Take the rows along; say what is missing at ``alpha``."""
    figures = working.figures
    n = rows.y.shape[0]
    shift = figures[SHIFT]
    for i in range(n):
        rows.change[i] += shift
    if not accept(rows, working, before[:size], shift, settings, alpha):
        working.state.coef[:size] = before[:size]
        return FAILED
    figures[N_SOLVES] += 1.0
    divergence, goal = figures[DIVERGENCE], 0.5 * settings.goal
    if divergence <= goal and (not settings.fit_intercept or is_balanced(rows)):
        every = np.arange(size)
        figures[GAP] = gap_bound(working, every, alpha, settings.null_deviance)
        return DONE
    figures[PATIENCE_LEFT] -= 1.0
    if divergence <= 0.5 * figures[LEAST]:
        figures[PATIENCE_LEFT] = PATIENCE
    figures[LEAST] = min(figures[LEAST], divergence)
    if figures[PATIENCE_LEFT] <= 0.0 or figures[N_SOLVES] >= settings.max_iter:
        return FAILED
    wants_gram = wants_new_gram(working, size, n, goal, settings.price)
    own_residual(rows, working, settings.fit_intercept)
    return NEEDS_GRAM if wants_gram else NEEDS_PRODUCTS


@kernel
def proceed(
    rows: LossRows,
    working: Working,
    size: int,
    settings: Settings,
    alpha: float,
    stage: int,
    products: Floats,
    before: Floats,
    step: Floats,
) -> int:
    """Go on at ``alpha`` from ``stage``, up to the next product; return what it is.

    ``before`` and ``step`` are of the first ``size`` columns, and written.
    """
    figures = working.figures
    if stage == MOVED:
        return _settle(rows, working, size, settings, alpha, before)
    if stage == BEGUN:
        last = figures[N_SOLVES]
        figures[N_SOLVES] = 0.0
        figures[PATIENCE_LEFT] = PATIENCE
        figures[LEAST] = np.inf
        if last <= 1.0:
            own_residual(rows, working, settings.fit_intercept)
            return NEEDS_GRAM if figures[TOTAL] == 0.0 else NEEDS_PRODUCTS
    else:
        rebase(working, products, size, settings.fit_intercept)
    return _propose(working, size, settings, alpha, before, step)
