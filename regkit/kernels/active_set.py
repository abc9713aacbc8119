"""The exact solver on a Gram matrix: active sets by block principal pivoting.

Given the free set, the optimum over the hull of its cells (see `regkit.kernels.hull`)
is one linear system. Free coordinates that leave their cell are then fixed, fixed ones
whose subgradient condition fails are freed, all at once (Portugal, Judice & Vicente
1994). From the solution at a close alpha this takes two or three systems; where the
number of exchanges stops falling, `regkit.kernels.primal` takes over.
"""

import numpy as np
from numpy.typing import NDArray

from regkit.kernels import cholesky
from regkit.kernels._jit import kernel
from regkit.kernels.certificate import doubt, duality_gap
from regkit.kernels.hull import (
    THRESHOLD_SLACK,
    Problem,
    State,
    cell,
    newton_direction,
    shift_correlation,
    step_length,
    violation,
    without_drift,
)

# Block exchanges allowed without a new smallest number of violations.
PATIENCE = 4
# An alpha below this share of its predecessor is approached in steps.
LARGEST_DROP = 0.6


@kernel
def _find_violators(
    problem: Problem,
    state: State,
    n: int,
    alpha: float,
    entering: NDArray[np.int64],
) -> int:
    """List the fixed coordinates that want to move and choose their sides."""
    count = 0
    for j in range(n):
        if state.free[j]:
            continue
        wish = violation(problem, state, j, alpha)
        if wish != 0.0:
            side = np.sign(state.coef[j]) if state.coef[j] != 0.0 else np.sign(wish)
            state.side[j] = side if problem.l1[j] > 0.0 else 0.0
            entering[count] = j
            count += 1
    return count


@kernel
def _put_at_walls(
    problem: Problem, state: State, n: int, leaving: NDArray[np.bool_]
) -> tuple[int, float]:
    """Fix the free coordinates that have left their cell on its wall.

    Returns their number, and how far they were brought back.
    """
    k = state.size[0]
    walled = np.empty(k, dtype=np.int64)
    back = np.empty(k)
    count = 0
    for i in range(k):
        j = state.active[i]
        low, high = cell(problem, j, state.side[j])
        wall = min(max(state.coef[j], low), high)
        if wall != state.coef[j]:
            walled[count] = j
            back[count] = wall - state.coef[j]
            state.coef[j] = wall
            leaving[j] = True
            count += 1
    shift_correlation(problem.gram, walled, back, count, state.correlation, n)
    return count, step_length(problem, walled, back, count)


@kernel
def _unrest(problem: Problem, state: State, alpha: float) -> float:
    """Return the largest gradient among free coordinates, in units of its slack."""
    largest = 0.0
    for i in range(state.size[0]):
        j = state.active[i]
        threshold = alpha * problem.l1[j]
        gradient = state.correlation[j] - (
            alpha * problem.l2[j] * state.coef[j] + threshold * state.side[j]
        )
        slack = problem.noise[j] + THRESHOLD_SLACK * threshold
        largest = max(largest, abs(gradient) / slack)
    return largest


@kernel
def minimise(
    problem: Problem, state: State, n: int, alpha: float, max_iter: int, ridged: bool
) -> tuple[int, bool]:
    """Bring ``state`` to the optimum over the first ``n`` columns.

    ``ridged`` says that some ``l2`` is positive, so that the factor depends on
    ``alpha`` and has to be made anew. Returns the number of linear systems solved, and
    whether the optimum was reached; where it was not, ``state`` may be far from it.
    """
    leaving = np.zeros(n, dtype=np.bool_)
    entering = np.empty(n, dtype=np.int64)
    queue = np.empty(2 * n, dtype=np.int64)
    n_queue = 0
    if ridged:
        n_queue = state.size[0]
        state.size[0] = 0
        for i in range(n_queue):
            queue[i] = state.active[i]
    fewest = n + 1
    patience = PATIENCE
    unrest = np.inf
    travelled = 0.0
    for iteration in range(max_iter):
        # Whoever stands in the queue enters; who depends on the others stays fixed.
        before = state.size[0]
        k = cholesky.append(
            state.factor,
            state.active,
            before,
            problem.gram,
            problem.l2,
            alpha,
            queue,
            n_queue,
        )
        state.size[0] = k
        for i in range(before, k):
            state.free[state.active[i]] = True

        # Step to the optimum of the hull, then exchange whoever is on the wrong side.
        step = newton_direction(problem, state, alpha)
        for i in range(k):
            state.coef[state.active[i]] += step[i]
        shift_correlation(problem.gram, state.active, step, k, state.correlation, n)
        travelled += step_length(problem, state.active, step, k)
        n_entering = _find_violators(problem, state, n, alpha, entering)
        n_leaving, back = _put_at_walls(problem, state, n, leaving)
        travelled = without_drift(problem, state, n, travelled + back)
        violations = n_leaving + n_entering
        if violations == 0:
            # An ill-conditioned system is solved again for what the first solution
            # left over, as long as that helps (iterative refinement).
            last, unrest = unrest, _unrest(problem, state, alpha)
            if unrest <= 1.0 or unrest > 0.5 * last:
                return iteration + 1, True
        elif violations < fewest:
            fewest = violations
            patience = PATIENCE
        else:
            patience -= 1
            if patience == 0:
                return iteration + 1, False

        n_queue = 0
        if n_leaving > 0:
            for i in range(k):
                state.free[state.active[i]] = False
            k, n_queue = cholesky.remove(state.factor, state.active, k, leaving, queue)
            state.size[0] = k
            for i in range(k):
                state.free[state.active[i]] = True
            for j in range(n):
                leaving[j] = False
        for i in range(n_entering):
            queue[n_queue + i] = entering[i]
        n_queue += n_entering
    return max_iter, False


@kernel
def path(
    problem: Problem,
    state: State,
    n: int,
    alphas: NDArray[np.float64],
    top: float,
    target_square: float,
    max_iter: int,
    max_nonzero: int,
    coefs: NDArray[np.float64],
    gaps: NDArray[np.float64],
    n_iters: NDArray[np.int64],
) -> tuple[int, bool]:
    """Solve for every alpha in turn on the complete Gram matrix.

    Row i of ``coefs`` and entry i of ``gaps`` and ``n_iters`` receive the solution
    for ``alphas[i]``. ``top`` is an alpha for which ``state`` is near the optimum.
    Returns how many were solved: all of them, or those before the first with more than
    ``max_nonzero`` nonzero coefficients, or before the first where block pivoting gave
    up; the second result tells that, and the next row of ``coefs`` then holds the
    coefficients before it began to go wrong.
    """
    n_ridged = 0
    square = np.empty(n)
    columns = np.arange(n)
    for j in range(n):
        if problem.l2[j] > 0.0:
            n_ridged += 1
        square[j] = problem.gram[j, j]
    ridged = n_ridged > 0
    stone = top
    for i in range(len(alphas)):
        alpha = alphas[i]
        n_iters[i] = 0
        arrived = False
        while not arrived:
            for j in range(n):
                coefs[i, j] = state.coef[j]
            stone = next_stone(stone, alpha, top)
            n_iter, solved = minimise(problem, state, n, stone, max_iter, ridged)
            n_iters[i] += n_iter
            if not solved:
                return i, True
            arrived = stone <= alpha
        stone = min(alpha, top)
        residual_square = target_square
        n_nonzero = 0
        for j in range(n):
            value = state.coef[j]
            coefs[i, j] = value
            if value != 0.0:
                n_nonzero += 1
                residual_square -= value * (problem.target[j] + state.correlation[j])
        if n_nonzero > max_nonzero:
            return i, False
        unsure = doubt(state.coef[:n], square, target_square)
        gaps[i] = duality_gap(
            columns,
            state.coef,
            state.correlation,
            problem.l1,
            problem.l2,
            problem.lower,
            problem.upper,
            square,
            alpha,
            max(unsure, residual_square),
        )
        gaps[i] += unsure
    return len(alphas), False


@kernel
def next_stone(stone: float, alpha: float, top: float) -> float:
    """Return the next alpha to solve for on the way from ``stone`` to ``alpha``.

    Block pivoting lives on a close predecessor, so large drops are made in steps;
    below a thousandth of ``top`` the solution changes too little to need them.
    """
    following = LARGEST_DROP * stone
    if following <= alpha or stone <= 1e-3 * top or stone == np.inf:
        return alpha
    return following
