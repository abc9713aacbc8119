"""A path of a loss over few columns, compiled as a whole.

What `regkit.solvers.paths.newton` does, for columns that fit into cache: there the
calls from Python would take longer than the work. Whatever is not plain, a step that
has to be shortened or a model that block pivoting does not minimize, ends the walk at
the state before it, and Python goes on from there.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS
from regkit.kernels._jit import kernel, part, uncounted_part, uncounted_summing_part
from regkit.kernels.linear import active_set
from regkit.kernels.linear.active_set_state import (
    State,
    WorkingProblem,
    shift_correlation,
)
from regkit.kernels.linear.certificate import penalty_gap, shrinkages
from regkit.kernels.linear.loss_policy import (
    AHEAD,
    BALANCED,
    CLOSE,
    HORIZON,
    LARGEST_DROP,
    LEAST_WEIGHT,
    MOST_WEIGHT,
    PATIENCE,
    RISE,
    WORST_CONTRACTION,
)
from regkit.kernels.linear.loss_steps import LossRows, advance_all
from regkit.kernels.linear.losses import objective

# Figures that the walk takes over and hands back, by their places.
INTERCEPT = 0
TOTAL = 1  # of the model's weights
IMBALANCE = 2  # of the residual that the model was moved to
CONTRACTION = 3
DIVERGENCE = 4
ALPHA = 5  # the last one solved for
N_SOLVES = 6  # there
IS_NEW = 7  # whether the model's factor has to be made anew
HAS_MODEL = 8
MAY_EXTRAPOLATE = 9
IS_EXACT = 10  # whether the dual point is the rows' own residual
N_GRAMS = 11
N_FIGURES = 12

# What a row and a column of it take in a step, in multiplications of a Gram matrix.
_PER_ROW, _PER_ENTRY = 60.0, 4.0


class Working(NamedTuple):
    """The columns in use and their quadratic model; arrays have room for more."""

    columns: NDArray[np.float64]  # of (X - m) / s, contiguous: (columns, n)
    scaled: NDArray[np.float64]  # room for as many
    problem: WorkingProblem
    state: State
    square: NDArray[np.float64]  # of the columns' lengths
    sums: NDArray[np.float64]  # Σ_i share_i weight_i x_ij
    since: NDArray[np.float64]  # change of eta since the dual point was the residual
    settled: NDArray[np.float64]  # second derivatives at the last alpha's solution
    figures: NDArray[np.float64]


class Settings(NamedTuple):
    """What stays the same on a path."""

    fit_intercept: bool
    ridged: bool
    is_smooth: bool
    curvature_bound: float
    goal: float
    null_deviance: float
    max_iter: int


@uncounted_summing_part
def _multiply(left: NDArray[np.float64], gram: NDArray[np.float64], size: int) -> None:
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


@uncounted_summing_part
def _correlate(
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


@part
def _rebase(rows: LossRows, working: Working, size: int, fit_intercept: bool) -> None:
    """Go on with the present coefficients' own residual."""
    problem, state, figures = working.problem, working.state, working.figures
    n = rows.y.shape[0]
    weight = rows.change
    total = 0.0
    for i in range(n):
        rows.dual[i] = rows.residual[i]
        working.since[i] = 0.0
        weight[i] = rows.share[i] * rows.residual[i]
        total += weight[i]
    products = np.empty(size)
    _correlate(working.columns, weight, products, size)
    if fit_intercept:
        figures[IMBALANCE] = total
        share = total / figures[TOTAL] if figures[TOTAL] > 0.0 else 0.0
        for j in range(size):
            products[j] -= share * working.sums[j]
    if figures[IS_NEW] > 0.0:
        for j in range(size):
            problem.target[j] = products[j]
        for k in range(size):
            value = state.coef[k]
            if value != 0.0:
                line = problem.gram[k]
                for j in range(size):
                    problem.target[j] += value * line[j]
    else:
        for j in range(size):
            problem.target[j] += products[j] - state.correlation[j]
    for j in range(size):
        state.correlation[j] = products[j]
    figures[IS_EXACT] = 1.0


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
        _correlate(working.scaled, rows.change, working.sums, size)
        inverse = 1.0 / total if total > 0.0 else 0.0
        for j in range(size):
            share = working.sums[j] * inverse
            for k in range(size):
                gram[j, k] -= share * working.sums[k]
    figures[IS_NEW] = 1.0
    figures[HAS_MODEL] = 1.0
    figures[N_GRAMS] += 1.0


@part
def _move(
    rows: LossRows,
    working: Working,
    before: NDArray[np.float64],
    fit_intercept: bool,
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


@uncounted_part
def _penalty(problem: WorkingProblem, coef: NDArray[np.float64]) -> float:
    total = 0.0
    for j in range(coef.shape[0]):
        value = coef[j]
        total += problem.l1[j] * abs(value) + 0.5 * problem.l2[j] * value * value
    return total


@uncounted_part
def _is_rise(
    rows: LossRows,
    working: Working,
    before: NDArray[np.float64],
    settings: Settings,
    alpha: float,
) -> bool:
    """Whether the objective is higher after the step than before."""
    code, power, problem = rows.code, rows.power, working.problem
    size = before.shape[0]
    value = objective(code, power, rows.y, rows.share, rows.reached)
    value += alpha * _penalty(problem, working.state.coef[:size])
    start = objective(code, power, rows.y, rows.share, rows.eta)
    start += alpha * _penalty(problem, before)
    return not value - start <= RISE * settings.null_deviance


@part
def _take_step(
    rows: LossRows, working: Working, size: int, settings: Settings, alpha: float
) -> bool:
    """Go to the model's minimum; return False, where the walk was, if that fails."""
    state, figures = working.state, working.figures
    before = state.coef[:size].copy()
    own = state.correlation[:size].copy()
    ridged = settings.ridged or figures[IS_NEW] > 0.0
    _, solved = active_set.pivot(
        working.problem, state, size, alpha, settings.max_iter, ridged
    )
    n = rows.y.shape[0]
    if solved:
        shift = _move(rows, working, before, settings.fit_intercept)
        divergence = advance_all(rows)
        moved = 0.0
        for i in range(n):
            since = working.since[i] + rows.change[i]
            moved += rows.share[i] * rows.weight[i] * since * since
        contraction = 2.0 * divergence / moved if moved > 0.0 else np.inf
        is_sure = contraction <= WORST_CONTRACTION or divergence <= settings.goal
        if is_sure or not _is_rise(rows, working, before, settings, alpha):
            for i in range(n):
                working.since[i] += rows.change[i]
                rows.eta[i] = rows.reached[i]
                rows.dual[i] = rows.moved[i]
            figures[INTERCEPT] += shift
            figures[IMBALANCE] = 0.0
            figures[IS_NEW] = 0.0
            figures[IS_EXACT] = 0.0
            figures[DIVERGENCE] = divergence
            figures[CONTRACTION] = contraction
            return True
    for j in range(size):
        state.coef[j] = before[j]
        state.correlation[j] = own[j]
        state.free[j] = False
    state.size[0] = 0
    figures[IS_NEW] = 1.0
    return False


@uncounted_part
def _is_balanced(rows: LossRows) -> bool:
    """Whether the dual point is orthogonal to the intercept."""
    total = size = terms = 0.0
    for i in range(rows.y.shape[0]):
        share, dual = rows.share[i], rows.dual[i]
        total += share * dual
        size += abs(share * dual)
        terms += share * (abs(rows.y[i]) + abs(rows.y[i] - dual))
    return abs(total) <= BALANCED * size + 16.0 * EPS * terms


@uncounted_part
def _wants_new_gram(working: Working, size: int, n: int, goal: float) -> bool:
    """Whether a new Gram matrix is cheaper than chord steps with the old."""
    contraction = working.figures[CONTRACTION]
    divergence = working.figures[DIVERGENCE]
    if not contraction <= WORST_CONTRACTION:
        return True
    if not 0.0 < goal < divergence:
        return False
    needed = np.ceil(np.log(divergence / goal) / -np.log(max(contraction, 1e-16)))
    n_active = float(working.state.size[0])
    chord = _PER_ROW * n + _PER_ENTRY * n * size + 4.0 * n_active**2
    forming = 0.5 * n * size * size + n_active**3 / 3.0
    return bool((needed - 1.0) * chord * HORIZON > forming)


@part
def _solve(
    rows: LossRows, working: Working, size: int, settings: Settings, alpha: float
) -> tuple[int, bool]:
    """Minimize at ``alpha``; return the steps taken and whether all were plain."""
    figures, goal = working.figures, 0.5 * settings.goal
    forms = figures[HAS_MODEL] == 0.0
    rebases = forms or figures[N_SOLVES] == 1.0
    figures[N_SOLVES] = 0.0
    patience = PATIENCE
    last = np.inf
    n_iter = 0
    while True:
        if forms:
            _form(rows, working, size, settings, alpha)
        if rebases:
            _rebase(rows, working, size, settings.fit_intercept)
        if n_iter == settings.max_iter:
            return n_iter, True
        if not _take_step(rows, working, size, settings, alpha):
            return n_iter, False
        n_iter += 1
        divergence = figures[DIVERGENCE]
        if divergence <= goal and (not settings.fit_intercept or _is_balanced(rows)):
            return n_iter, True
        if divergence <= 0.5 * last:
            patience = PATIENCE
        else:
            patience -= 1
            if patience == 0:
                return n_iter, True
        last = min(last, divergence)
        forms = _wants_new_gram(working, size, rows.y.shape[0], goal)
        rebases = True


@uncounted_part
def _gap(
    working: Working,
    every: NDArray[np.int64],
    alpha: float,
    null_deviance: float,
) -> float:
    """Return a bound on the duality gap.

    The rows' part is convex in the dual point; at zero it is their deviance, which is
    below that of the null model.
    """
    problem, state = working.problem, working.state
    divergence = working.figures[DIVERGENCE]
    l1, l2, lower, upper = problem.l1, problem.l2, problem.lower, problem.upper
    coef, correlation = state.coef, state.correlation
    gap = np.inf
    for shrunk in shrinkages(every, coef, correlation, l1, l2, lower, upper, alpha):
        found = shrunk * divergence + (1.0 - shrunk) * null_deviance
        found += penalty_gap(
            every,
            coef,
            correlation,
            l1,
            l2,
            lower,
            upper,
            working.square,
            alpha,
            shrunk,
            null_deviance,
        )
        gap = min(gap, found)
    return gap


@kernel
def walk(
    rows: LossRows,
    working: Working,
    size: int,
    settings: Settings,
    alphas: NDArray[np.float64],
    coefs: NDArray[np.float64],
    found: NDArray[np.float64],
) -> tuple[int, int, bool]:
    """Solve for ``alphas``, decreasing, over the first ``size`` columns.

    Where ``coefs`` has rows, one per alpha, every solution goes there; its intercept,
    gap and number of steps to ``found``, shape (alphas, 3); and the walk ends before
    the first alpha whose gap is above the goal, or that is too far from the last.

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
        gap = _gap(working, every, alpha, settings.null_deviance)
        if not gap <= settings.goal:
            return k, n_iter, True
        if alpha < figures[ALPHA]:
            for i in range(n):
                working.settled[i] = rows.curvature[i]
            figures[MAY_EXTRAPOLATE] = 1.0 if settings.is_smooth else 0.0
            figures[N_SOLVES] = n_iter
            figures[ALPHA] = alpha
        for j in range(size):
            coefs[k, j] = working.state.coef[j]
        found[k, 0] = figures[INTERCEPT]
        found[k, 1] = gap
        found[k, 2] = n_iter
    return alphas.shape[0], 0, True
