"""The quadratic model of a loss on a working set, as compiled walks keep it.

What `regkit.solvers.paths.newton_model` and `newton_steps` do, in parts.
"""

from typing import NamedTuple

import numpy as np

from regkit._types import EPS, Floats, Indices
from regkit.kernels._jit import part, summing_part
from regkit.kernels.linear.active_set_state import State, WorkingProblem, terms_of
from regkit.kernels.linear.certificate import penalty_gap, shrinkages
from regkit.kernels.linear.loss_policy import (
    BALANCED,
    HORIZON,
    LEAST_FALL,
    RISE,
    WORST_CONTRACTION,
)
from regkit.kernels.linear.loss_steps import LossRows, advance_all
from regkit.kernels.linear.losses import balance, objective
from regkit.kernels.linear.terms import Point

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
# These are of walks side by side alone.
SHIFT = 12  # of the intercept, in the step
GAP = 13
PATIENCE_LEFT = 14
LEAST = 15  # of the divergences
VALUE = 16  # the mean loss where the rows are, of one with kinks
WORN = 17  # by how much rows that have left a Gram matrix lessen its diagonal
WANTS_GRAM = 18  # whether the walk ended where a Gram matrix is to be formed
N_FIGURES = 19

# What a row and a column of it take in a step, in multiplications of a Gram matrix.
_PER_ROW, _PER_ENTRY = 60.0, 4.0


class Working(NamedTuple):
    """The columns in use and their quadratic model; arrays have room for more."""

    columns: Floats  # of (X - m) / s, contiguous: (columns, n)
    scaled: Floats  # room for as many
    problem: WorkingProblem
    state: State
    square: Floats  # of the columns' lengths
    sums: Floats  # Σ_i share_i weight_i x_ij
    since: Floats  # change of eta since the dual point was the residual
    settled: Floats  # second derivatives at the last alpha's solution
    figures: Floats


class Settings(NamedTuple):
    """What stays the same on a path."""

    fit_intercept: bool
    ridged: bool
    is_smooth: bool
    curvature_bound: float
    goal: float
    null_deviance: float
    max_iter: int
    price: float  # of a Gram matrix, as a share of what one alone takes
    forms: bool  # whether Gram matrices are formed here


@summing_part
def own_residual(rows: LossRows, working: Working, fit_intercept: bool) -> None:
    """Make the rows' own residual the dual point; leave it, weighted, in ``change``."""
    total = 0.0
    for i in range(rows.y.shape[0]):
        rows.dual[i] = rows.residual[i]
        working.since[i] = 0.0
        rows.change[i] = rows.share[i] * rows.residual[i]
        total += rows.change[i]
    if fit_intercept:
        working.figures[IMBALANCE] = total
    working.figures[IS_EXACT] = 1.0


@part
def rebase(working: Working, products: Floats, size: int, fit_intercept: bool) -> None:
    """Go on with the present coefficients' own residual, of these products."""
    problem, state, figures = working.problem, working.state, working.figures
    if fit_intercept:
        total = figures[IMBALANCE]
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


@part
def penalty_value(problem: WorkingProblem, coef: Floats) -> float:
    """Return the penalty less alpha of the first coefficients."""
    total = 0.0
    for j in range(coef.shape[0]):
        value = coef[j]
        total += problem.l1[j] * abs(value) + 0.5 * problem.l2[j] * value * value
    return total


@part
def falls_short(
    rows: LossRows,
    working: Working,
    before: Floats,
    square: float,
    settings: Settings,
    alpha: float,
) -> bool:
    """Whether a step of this square lowers the objective by less than it must."""
    code, power, problem = rows.code, rows.power, working.problem
    size = before.shape[0]
    value = objective(code, power, rows.y, rows.share, rows.reached)
    value += alpha * penalty_value(problem, working.state.coef[:size])
    start = objective(code, power, rows.y, rows.share, rows.eta)
    start += alpha * penalty_value(problem, before)
    most = RISE * settings.null_deviance - LEAST_FALL * square
    return not value - start <= most


@summing_part
def _moved_square(rows: LossRows, since: Floats) -> float:
    """Return the square, under the model, of all changes since its residual was own."""
    total = 0.0
    for i in range(since.shape[0]):
        moved = since[i] + rows.change[i]
        total += rows.share[i] * rows.weight[i] * moved * moved
    return total


@part
def accept(
    rows: LossRows,
    working: Working,
    before: Floats,
    shift: float,
    settings: Settings,
    alpha: float,
) -> bool:
    """Take the rows along ``change`` if the objective falls; say if it does.

    ``before`` are the coefficients and ``shift`` is the intercept's part of the change.
    """
    figures = working.figures
    n = rows.y.shape[0]
    divergence = advance_all(rows)
    moved = _moved_square(rows, working.since)
    contraction = 2.0 * divergence / moved if moved > 0.0 else np.inf
    is_sure = contraction <= WORST_CONTRACTION or divergence <= settings.goal
    if not is_sure and falls_short(rows, working, before, moved, settings, alpha):
        return False
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


@part
def is_balanced(rows: LossRows) -> bool:
    """Whether the dual point is orthogonal to the intercept."""
    total, size, terms = balance(rows.y, rows.share, rows.dual, np.int64(1))
    return total <= BALANCED * size + 16.0 * EPS * terms


@part
def wants_new_gram(
    working: Working, size: int, n: int, goal: float, price: float
) -> bool:
    """Whether a new Gram matrix, at this price, is cheaper than chord steps."""
    contraction = working.figures[CONTRACTION]
    divergence = working.figures[DIVERGENCE]
    if not contraction <= WORST_CONTRACTION:
        return True
    if not 0.0 < goal < divergence:
        return False
    needed = np.ceil(np.log(divergence / goal) / -np.log(max(contraction, 1e-16)))
    n_active = float(working.state.size[0])
    chord = _PER_ROW * n + _PER_ENTRY * n * size + 4.0 * n_active**2
    forming = price * 0.5 * n * size * size + n_active**3 / 3.0
    return bool((needed - 1.0) * chord * HORIZON > forming)


@part
def gap_bound(
    working: Working, every: Indices, alpha: float, null_deviance: float
) -> float:
    """Return a bound on the duality gap.

    The rows' part is convex in the dual point; at zero it is their deviance, which is
    below that of the null model.
    """
    divergence = working.figures[DIVERGENCE]
    at = Point(every, working.state.coef, working.state.correlation)
    terms = terms_of(working.problem, working.square)
    gap, last = np.inf, 2.0
    for shrunk in shrinkages(at, terms, alpha):
        if shrunk >= last:
            continue
        last = shrunk
        found = shrunk * divergence + (1.0 - shrunk) * null_deviance
        found += penalty_gap(at, terms, alpha, shrunk, null_deviance)
        gap = min(gap, found)
    return gap
