"""A path of a loss over few columns, compiled as a whole.

What `regkit.solvers.paths.newton` does, for columns that fit into cache: there the
calls from Python would take longer than the work. Whatever is not plain, a step that
has to be shortened or a model that block pivoting does not minimize, ends the walk at
the state before it, and Python goes on from there; so does a Gram matrix that is large
enough for BLAS.
"""

import numpy as np

from regkit._types import Floats
from regkit.kernels._jit import kernel, part, uncounted_part, uncounted_summing_part
from regkit.kernels.linear import active_set
from regkit.kernels.linear.active_set_state import shift_correlation
from regkit.kernels.linear.cholesky import DEPENDENT
from regkit.kernels.linear.loss_model import (
    ALPHA,
    DIVERGENCE,
    HAS_MODEL,
    IMBALANCE,
    INTERCEPT,
    IS_NEW,
    MAY_EXTRAPOLATE,
    N_GRAMS,
    N_SOLVES,
    TOTAL,
    WANTS_GRAM,
    Settings,
    Working,
    accept,
    gap_bound,
    is_balanced,
    own_residual,
    rebase,
    wants_new_gram,
)
from regkit.kernels.linear.loss_policy import (
    AHEAD,
    CLOSE,
    LARGEST_DROP,
    LEAST_WEIGHT,
    MOST_WEIGHT,
    PATIENCE,
)
from regkit.kernels.linear.loss_products import correlate_one
from regkit.kernels.linear.loss_steps import LossRows
from regkit.kernels.linear.loss_values import value_at
from regkit.kernels.linear.losses import Differentiated


@uncounted_summing_part
def _multiply(left: Floats, gram: Floats, size: int) -> None:
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


@uncounted_part
def _form(
    rows: LossRows, working: Working, size: int, settings: Settings, alpha: float
) -> None:
    """Form the model anew around the present coefficients."""
    figures, gram = working.figures, working.problem.gram
    n = rows.y.shape[0]
    is_ahead = figures[MAY_EXTRAPOLATE] > 0.0 and alpha >= CLOSE * figures[ALPHA]
    figures[MAY_EXTRAPOLATE] = 0.0
    total = 0.0
    for i in range(n):
        weight = rows.curvature[i]
        if is_ahead:
            ahead = weight + AHEAD * (weight - working.settled[i])
            most = min(MOST_WEIGHT * weight, settings.curvature_bound)
            weight = min(max(ahead, LEAST_WEIGHT * weight), most)
        rows.weight[i] = weight
        total += rows.share[i] * weight
        rows.change[i] = np.sqrt(rows.share[i] * weight)
    for j in range(size):
        line, source = working.scaled[j], working.columns[j]
        for i in range(n):
            line[i] = rows.change[i] * source[i]
    _multiply(working.scaled, gram, size)
    figures[TOTAL] = total
    if settings.fit_intercept:
        working.sums[:size] = 0.0
        first_row = np.int64(0)
        correlate_one(working.scaled, size, rows.change, first_row, working.sums)
        inverse = 1.0 / total if total > 0.0 else 0.0
        for j in range(size):
            share, square = working.sums[j] * inverse, gram[j, j]
            for k in range(size):
                gram[j, k] -= share * working.sums[k]
            if not settings.is_smooth and gram[j, j] <= DEPENDENT * square:
                gram[j, j] = 0.0  # as `pivoting.without_rounding`
        for j in range(size):
            if gram[j, j] == 0.0:
                gram[j, :size] = 0.0
                gram[:size, j] = 0.0
    figures[IS_NEW] = 1.0
    figures[HAS_MODEL] = 1.0
    figures[N_GRAMS] += 1.0


@part
def _move(
    rows: LossRows, working: Working, before: Floats, fit_intercept: bool
) -> float:
    """Write the rows' change to the model's minimum; return the intercept's."""
    state, figures = working.state, working.figures
    size = before.shape[0]
    moved = np.empty(size, dtype=np.int64)
    step = np.empty(size)
    count = 0
    shift = 0.0
    if fit_intercept:
        shift = figures[IMBALANCE]
    for j in range(size):
        change = state.coef[j] - before[j]
        if change != 0.0:
            moved[count] = j
            step[count] = -change
            count += 1
            shift -= working.sums[j] * change
    if fit_intercept and figures[TOTAL] > 0.0:
        shift /= figures[TOTAL]
    else:
        shift = 0.0
    n = rows.y.shape[0]
    for i in range(n):
        rows.change[i] = shift
    shift_correlation(working.columns, moved[:count], step, rows.change, n)
    return shift


@part
def _take_step(
    rows: LossRows, working: Working, size: int, settings: Settings, alpha: float
) -> bool:
    """Go to the model's minimum; return False, where the walk was, if that fails."""
    state, figures = working.state, working.figures
    before = state.coef[:size].copy()
    own = state.correlation[:size].copy()
    ridged = settings.ridged or figures[IS_NEW] > 0.0
    _, solved = active_set.minimize(
        working.problem, state, size, alpha, settings.max_iter, ridged
    )
    if solved:
        shift = _move(rows, working, before, settings.fit_intercept)
        if accept(rows, working, before, shift, settings, alpha):
            return True
    for j in range(size):
        state.coef[j] = before[j]
        state.correlation[j] = own[j]
        state.free[j] = False
    state.size[0] = 0
    figures[IS_NEW] = 1.0
    return False


@part
def _solve(
    rows: LossRows, working: Working, size: int, settings: Settings, alpha: float
) -> tuple[int, bool]:
    """Minimize at ``alpha``; return the steps taken and whether all were plain."""
    figures, goal = working.figures, 0.5 * settings.goal
    forms = figures[HAS_MODEL] == 0.0
    rebases = forms or figures[N_SOLVES] == 1.0
    figures[N_SOLVES] = 0.0
    products = np.empty(size)
    patience = PATIENCE
    last = np.inf
    n_iter = 0
    while True:
        if forms and not settings.forms:
            figures[WANTS_GRAM] = 1.0
            return n_iter, False
        if forms:
            _form(rows, working, size, settings, alpha)
        if rebases:
            own_residual(rows, working, settings.fit_intercept)
            products[:size] = 0.0
            first_row = np.int64(0)
            correlate_one(working.columns, size, rows.change, first_row, products)
            rebase(working, products, size, settings.fit_intercept)
        if n_iter == settings.max_iter:
            return n_iter, True
        if not _take_step(rows, working, size, settings, alpha):
            return n_iter, False
        n_iter += 1
        divergence = figures[DIVERGENCE]
        if divergence <= goal and (not settings.fit_intercept or is_balanced(rows)):
            return n_iter, True
        if divergence <= 0.5 * last:
            patience = PATIENCE
        else:
            patience -= 1
            if patience == 0:
                return n_iter, True
        last = min(last, divergence)
        forms = wants_new_gram(working, size, rows.y.shape[0], goal, settings.price)
        rebases = True


@kernel
def walk(
    rows: LossRows,
    working: Working,
    size: int,
    settings: Settings,
    alphas: Floats,
    coefs: Floats,
    found: Floats,
    duals: Floats,
) -> tuple[int, int, bool]:
    """Solve for ``alphas``, decreasing, over the first ``size`` columns.

    Where ``coefs`` has rows, one per alpha, every solution goes there; its intercept,
    gap, number of steps and mean loss to ``found``, shape (alphas, 4); and the walk
    ends before the first alpha whose gap is above the goal, or that is too far from
    the last. Where ``duals`` has room, (alphas, n), the dual point of each gap goes
    there.

    Returns
    -------
    done : int
        How many alphas were solved for.
    n_iter : int
        Steps taken for the next one.
    is_plain : bool
        Whether none of them has to be taken otherwise.
    """
    figures = working.figures
    every = np.arange(size)
    n = rows.y.shape[0]
    for k in range(alphas.shape[0]):
        alpha = alphas[k]
        n_iter = 1
        is_far = alpha < LARGEST_DROP * figures[ALPHA] < np.inf
        if coefs.shape[0] > 0 and is_far:
            return k, 0, False
        if alpha < figures[ALPHA]:
            n_iter, is_plain = _solve(rows, working, size, settings, alpha)
            if coefs.shape[0] == 0 or not is_plain:
                return k, n_iter, is_plain
        gap = gap_bound(working, every, alpha, settings.null_deviance)
        if not gap <= settings.goal:
            return k, n_iter, True
        if alpha < figures[ALPHA]:
            for i in range(n):
                working.settled[i] = rows.curvature[i]
            figures[MAY_EXTRAPOLATE] = 1.0 if settings.is_smooth else 0.0
            figures[N_SOLVES] = n_iter
            figures[ALPHA] = alpha
        if duals.shape[0] > 0:
            for i in range(n):
                duals[k, i] = rows.dual[i]
        for j in range(size):
            coefs[k, j] = working.state.coef[j]
        found[k, 0] = figures[INTERCEPT]
        found[k, 1] = gap
        found[k, 2] = n_iter
        there = Differentiated(
            rows.y, rows.share, rows.eta, rows.residual, rows.curvature
        )
        found[k, 3] = value_at(rows.code, rows.power, there)
    return alphas.shape[0], 0, True
