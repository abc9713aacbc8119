"""A path on the Gram matrix of all columns, compiled as a whole.

One alpha after the other: block pivoting, the duality gap, and the next. The walk stops
where another method is wanted; `regkit.solvers.paths.gram` sees to it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import (
    uncounted_kernel,
    uncounted_part,
    uncounted_summing_part,
)
from regkit.kernels.linear.active_set import find_violators, pivot_within
from regkit.kernels.linear.active_set_state import (
    State,
    WorkingProblem,
    Workspace,
    cell,
    shift_correlation,
    terms_of,
)
from regkit.kernels.linear.certificate import doubt, duality_gap
from regkit.kernels.linear.terms import Point

# What stops the walk.
END, UNSOLVED, UNSURE = 0, 1, 2


class GramPathFound(NamedTuple):
    """Solutions, one behind the other, with room for all of them."""

    columns: Indices
    values: Floats
    starts: Indices  # (alphas + 1,)
    gaps: Floats  # (alphas,)
    residual_squares: Floats  # (alphas,)
    n_iter: Indices  # (alphas,)
    size: Indices  # [0]: how many there are


@uncounted_summing_part
def squared_residual(problem: WorkingProblem, state: State, total: float) -> float:
    """Return |y - Z b|², from |y|² = ``total``."""
    fit = 0.0
    for j in range(state.coef.shape[0]):
        fit += state.coef[j] * (problem.target[j] + state.correlation[j])
    return total - fit


@uncounted_part
def foresee_leaving(
    problem: WorkingProblem, state: State, work: Workspace, before: Floats, step: float
) -> int:
    """Put the free coefficients on a wall that would go beyond it; return their number.

    They are expected to move on by ``step`` times their last move, from ``before``,
    which the present ones replace.
    """
    leaving, walled, back = work.leaving, work.queue, work.step
    count, p = 0, state.coef.shape[0]
    for j in range(p):
        leaving[j] = False
    for i in range(state.size[0]):
        j = state.active[i]
        value = state.coef[j]
        expected = value + step * (value - before[j])
        low, high = cell(problem, j, state.side[j])
        if low <= expected <= high:
            continue
        state.coef[j] = low if expected < low else high
        walled[count], back[count] = j, state.coef[j] - value
        before[j] = value
        leaving[j] = True
        count += 1
    for j in range(p):
        if not leaving[j]:
            before[j] = state.coef[j]
    shift_correlation(problem.gram, walled[:count], back, state.correlation, p)
    return count


@uncounted_kernel
def follow(
    problem: WorkingProblem,
    state: State,
    work: Workspace,
    square: Floats,
    total: float,
    goal: float,
    alphas: Floats,
    is_kept: NDArray[np.bool_],
    found: GramPathFound,
    last: Floats,
    at: int,
    event: int,
    max_iter: int,
    ridged: bool,
    limit: int,
) -> tuple[int, int, int]:
    """Solve for one of ``alphas`` after the other, from the ``at``-th on.

    ``last``, (2, p), keeps the coefficients and the
    correlations at the last alpha. Returns the place in ``alphas``, what has stopped
    the walk there, and how many systems it solved there; called again with the first
    two, it goes on. `UNSOLVED`: block pivoting did not settle; the minimum may be found
    by other means, from ``last[0]``. `UNSURE`: the gap is above ``goal``; the caller
    writes the best that it has to ``found``. `END`: of the alphas, or before a solution
    of more than ``limit`` nonzeros.
    """
    p = state.coef.shape[0]
    while at < alphas.shape[0]:
        alpha, k = alphas[at], found.size[0]
        if event == END:
            # All are expected to move on as they last did. Most alphas then take one
            # system, and those that do not are none the worse for it.
            step = 0.0
            if at >= 2 and alphas[at - 2] > alphas[at - 1] > alpha:
                step = (alphas[at - 1] - alpha) / (alphas[at - 2] - alphas[at - 1])
                step = step if step < 1.0 else 1.0
            for j in range(p):
                before, last[1, j] = last[1, j], state.correlation[j]
                state.correlation[j] += step * (state.correlation[j] - before)
            n_entering = find_violators(problem, state, p, alpha, work.entering)
            for j in range(p):
                state.correlation[j] = last[1, j]
            n_leaving = foresee_leaving(problem, state, work, last[0], step)
            if n_leaving > 0:
                work.met[0] = np.nan
            n_iter, is_solved = pivot_within(
                problem, state, work, p, alpha, max_iter, ridged, n_leaving, n_entering
            )
            found.n_iter[k] += n_iter
            if not is_solved:
                return at, UNSOLVED, n_iter
        if is_kept[at]:
            if event != UNSURE:
                unsure = doubt(state.coef, square, total)
                left = squared_residual(problem, state, total)
                found.residual_squares[k] = left if left > 0.0 else 0.0
                # Counted or not without a branch, which cannot be predicted.
                count = 0
                for j in range(p):
                    work.queue[count] = j
                    is_below = abs(state.correlation[j]) <= alpha * problem.l1[j]
                    count += (not is_below) | (state.coef[j] != 0.0)  # NaN counts
                reached = Point(work.queue[:count], state.coef, state.correlation)
                terms = terms_of(problem, square)
                gap = duality_gap(
                    reached, terms, alpha, left if left > unsure else unsure
                )
                found.gaps[k] = gap + unsure
                if not gap + unsure <= goal:
                    return at, UNSURE, 0
            stored = found.starts[k]
            for j in range(p):
                found.columns[stored], found.values[stored] = j, state.coef[j]
                stored += state.coef[j] != 0.0
            if stored - found.starts[k] > limit:
                return at, END, 0
            found.starts[k + 1] = stored
            found.size[0] = k + 1
        event = END
        at += 1
    return at, END, 0
