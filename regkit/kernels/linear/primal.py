"""The exact solver where block pivoting does not settle: one exchange at a time.

From coefficients inside the box, step to the optimum of the hull or to the first cell
wall on the way, fix the coordinate at the wall, free the worst violator: the objective
never rises, so the method is finite (feature-sign search: Lee et al. 2007). A violator
that depends linearly on the free columns is exchanged for one of them along the
direction on which the fit does not change and the penalty falls.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.kernels._jit import kernel, part
from regkit.kernels.linear import cholesky
from regkit.kernels.linear.active_set_state import (
    State,
    WorkingProblem,
    admit,
    cell,
    correlate_afresh,
    newton_direction,
    shift_correlation,
    violation,
    without_drift,
)

# A distance to a span below this share of a column's square is rounding error.
ROUNDING = 5e-13
# So is an entry of a direction without curvature, below this share of the largest.
NOTHING = 1e-9


@part
def _null_direction(
    problem: WorkingProblem, state: State, alpha: float, refused: int
) -> tuple[Floats, float]:
    """Return the direction in which ``refused`` replaces what it depends on.

    Its forward substitution is in the row behind the factor. The last entry is
    the refused coordinate's own. The second result is the length at which the
    objective is least: infinite where the fit does not change at all.
    """
    k = state.size[0]
    wish = violation(problem, state, refused, alpha)
    sign = 1.0 if wish > 0.0 else -1.0
    square = problem.gram[refused, refused] + alpha * problem.l2[refused]
    curvature = square
    step = np.empty(k + 1)
    for i in range(k):
        entry = state.factor[k, i]
        curvature -= entry * entry
        step[i] = -sign * entry
    cholesky.solve_upper(state.factor, k, step)
    step[k] = sign
    if curvature <= ROUNDING * square:
        # Entries of rounding size would find walls, at absurd lengths.
        least = NOTHING * np.sqrt(problem.gram[refused, refused])
        for i in range(k):
            j = state.active[i]
            if abs(step[i]) * np.sqrt(problem.gram[j, j]) < least:
                step[i] = 0.0
        return step, np.inf
    return step, abs(wish) / curvature


@part
def _longest_step(
    problem: WorkingProblem, state: State, columns: Indices, step: Floats, limit: float
) -> tuple[float, int]:
    """Return the step up to ``limit`` that keeps all cells, and what stops it."""
    length = limit
    blocking = -1
    for i in range(step.shape[0]):
        j = columns[i]
        low, high = cell(problem, j, state.side[j])
        wall = high if step[i] > 0.0 else low
        reach = (wall - state.coef[j]) / step[i] if step[i] != 0.0 else np.inf
        if reach < length:
            length = max(0.0, reach)
            blocking = i
    return length, blocking


@part
def _worst_violator(
    problem: WorkingProblem,
    state: State,
    n: int,
    alpha: float,
    resting: NDArray[np.bool_],
) -> int:
    """Return the fixed coordinate that gains most, its side chosen; -1 for none."""
    worst = -1
    largest = 0.0
    for j in range(n):
        if state.free[j] or resting[j]:
            continue
        wish = violation(problem, state, j, alpha)
        if wish != 0.0 and wish * wish > largest * problem.gram[j, j]:
            largest = wish * wish / problem.gram[j, j]
            side = np.sign(state.coef[j]) if state.coef[j] != 0.0 else np.sign(wish)
            state.side[j] = side if problem.l1[j] > 0.0 else 0.0
            worst = j
    return worst


@part
def minimize(
    problem: WorkingProblem, state: State, n: int, alpha: float, max_iter: int
) -> tuple[int, bool]:
    """Bring ``state`` to the optimum over the first ``n`` columns.

    The factor is made anew from the coefficients; they and the correlations have to
    agree. Returns the number of linear systems solved, and whether the optimum was
    reached.
    """
    leaving = np.zeros(n, dtype=np.bool_)
    resting = np.zeros(n, dtype=np.bool_)
    queue = np.empty(n + 1, dtype=np.int64)
    values = np.empty(n)
    n_queue: Any = np.int64(0)  # a literal has callees compiled for it alone
    state.size[0] = 0
    for j in range(n):
        state.free[j] = False
        value = state.coef[j]
        if value != 0.0 and problem.lower[j] < value < problem.upper[j]:
            state.side[j] = np.sign(value) if problem.l1[j] > 0.0 else 0.0
            queue[n_queue] = j
            n_queue += 1
    entering: Any = np.int64(-1)
    traveled = 0.0
    for iteration in range(max_iter):
        k = admit(problem, state, alpha, queue, n_queue)
        refused: Any = np.int64(-1)
        if entering >= 0 and not state.free[entering]:
            refused = entering
        entering = -1

        columns = np.empty(k + 1, dtype=np.int64)
        for i in range(k):
            columns[i] = state.active[i]
        columns[k] = refused
        limit = 1.0
        if refused >= 0:
            step, limit = _null_direction(problem, state, alpha, refused)
        else:
            step = np.empty(k)
            newton_direction(problem, state, alpha, step)
        length, blocking = _longest_step(problem, state, columns, step, limit)
        if length == np.inf:
            # It depends on others, all of them without penalty or end: only rounding
            # errors pull at it.
            resting[refused] = True
            n_queue = 0
            continue
        size = len(step)
        for i in range(size):
            j = columns[i]
            step[i] *= length
            state.coef[j] += step[i]
            traveled += abs(step[i]) * np.sqrt(problem.gram[j, j])
        shift_correlation(problem.gram, columns[:size], step, state.correlation, n)
        traveled = without_drift(problem, state, n, traveled, queue, values)

        n_queue = 0
        if blocking < 0:
            entering = _worst_violator(problem, state, n, alpha, resting)
            if entering < 0:
                return iteration + 1, True
        else:
            j = columns[blocking]
            low, high = cell(problem, j, state.side[j])
            state.coef[j] = high if step[blocking] > 0.0 else low
            if refused >= 0 and j != refused:
                entering = refused
            if state.free[j]:
                for i in range(k):
                    state.free[state.active[i]] = False
                leaving[j] = True
                k, n_queue = cholesky.remove(
                    state.factor, state.active, k, leaving, queue
                )
                leaving[j] = False
                state.size[0] = k
                for i in range(k):
                    state.free[state.active[i]] = True
        if entering >= 0:
            queue[n_queue] = entering
            n_queue += 1
    return max_iter, False


@part
def _restart(problem: WorkingProblem, state: State, coef: Floats) -> None:
    """Put the first coefficients at ``coef``, all of them fixed."""
    n = len(coef)
    for j in range(n):
        state.coef[j] = coef[j]
        state.free[j] = False
    correlate_afresh(problem, state, n, np.empty(n, dtype=np.int64), np.empty(n))
    state.size[0] = 0


@part
def _objective(problem: WorkingProblem, state: State, n: int, alpha: float) -> float:
    """Return the objective, less the constant |y|²/2."""
    penalty = 0.0
    fit = 0.0
    for j in range(n):
        value = state.coef[j]
        penalty += problem.l1[j] * abs(value) + 0.5 * problem.l2[j] * value * value
        fit += value * (problem.target[j] + state.correlation[j])
    return alpha * penalty - 0.5 * fit


@kernel
def minimize_from(
    problem: WorkingProblem, state: State, start: Floats, alpha: float, max_iter: int
) -> int:
    """Start again from ``start`` where block pivoting has not settled.

    Returns the number of linear systems solved. The objective is never left higher
    than it is at ``start``.
    """
    n = len(start)
    reached = state.coef[:n].copy()
    objective = _objective(problem, state, n, alpha)
    _restart(problem, state, start)
    before = _objective(problem, state, n, alpha)
    if max_iter <= 0:
        if objective < before:
            _restart(problem, state, reached)
        return 0
    n_iter, _ = minimize(problem, state, n, alpha, max_iter)
    if not _objective(problem, state, n, alpha) <= before:
        _restart(problem, state, start)
    return n_iter
