"""The exact solver on a Gram matrix: active sets with block pivoting.

For working-set columns z_j (centred, scaled, rows multiplied by the square root of
their weight) with Gram matrix G = ZᵀZ and q = Zᵀy, minimise over the box

    1/2 |y - Z b|² + alpha Σ_j ( l1_j |b_j| + l2_j b_j² / 2 ),   lower <= b <= upper.

A coordinate is either *free*, inside a cell on which its penalty is smooth (one side
of zero, or the whole box where l1_j = 0), or *fixed* at zero or at a bound. Given the
free set F, the optimum over the cells' linear hulls solves a linear system through a
maintained Cholesky factor. Free coordinates that leave their cell are fixed, fixed
ones whose subgradient condition fails are freed, all at once (block principal
pivoting: Portugal, Judice & Vicente 1994). When the number of exchanges stops
falling, the kernel goes over to the classic primal method: step to the first cell
wall, exchange one coordinate at a time, the objective never rises, so it is finite
(feature-sign search: Lee et al. 2007). Linearly dependent columns are exchanged along
the null direction on which the fit does not change and the penalty falls.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit.kernels import cholesky
from regkit.kernels._jit import kernel, summing_kernel
from regkit.kernels.certificate import duality_gap

# Share of the threshold by which a subgradient may exceed it and count as met.
THRESHOLD_SLACK = 1e-12
# A distance to a span below this share of a column's square is rounding error.
ROUNDING = 1e-11
# Block exchanges allowed without a new smallest number of violations.
PATIENCE = 4
# An alpha below this share of its predecessor is approached in steps.
LARGEST_DROP = 0.6
# Correlations are kept up to date by differences until the coefficients have travelled
# this many times their own size.
FAR = 10.0


class Problem(NamedTuple):
    """The problem on the working set; arrays have room for columns to come."""

    gram: NDArray[np.float64]
    target: NDArray[np.float64]  # q
    l1: NDArray[np.float64]
    l2: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    noise: NDArray[np.float64]  # rounding error to expect in a correlation


class State(NamedTuple):
    """What the solver knows between calls; every call leaves it consistent."""

    coef: NDArray[np.float64]
    correlation: NDArray[np.float64]  # q - G coef
    free: NDArray[np.bool_]
    side: NDArray[np.float64]  # of a free coordinate's cell: -1, +1, or 0 (no l1)
    active: NDArray[np.int64]  # the free coordinates in the factor's order
    factor: NDArray[np.float64]
    size: NDArray[np.int64]  # [0]: number of free coordinates


@summing_kernel
def _shift_correlation(
    gram: NDArray[np.float64],
    columns: NDArray[np.int64],
    step: NDArray[np.float64],
    k: int,
    correlation: NDArray[np.float64],
    n: int,
) -> None:
    """Compute ``correlation[:n] -= step[:k] @ gram[columns[:k], :n]``."""
    i = 0
    while i + 4 <= k:
        g0, g1 = gram[columns[i]], gram[columns[i + 1]]
        g2, g3 = gram[columns[i + 2]], gram[columns[i + 3]]
        s0, s1, s2, s3 = step[i], step[i + 1], step[i + 2], step[i + 3]
        for j in range(n):
            correlation[j] -= s0 * g0[j] + s1 * g1[j] + s2 * g2[j] + s3 * g3[j]
        i += 4
    while i < k:
        g0 = gram[columns[i]]
        s0 = step[i]
        for j in range(n):
            correlation[j] -= s0 * g0[j]
        i += 1


@kernel
def _afresh(problem: Problem, state: State, n: int) -> None:
    """Compute the correlations from the coefficients."""
    support = np.empty(n, dtype=np.int64)
    values = np.empty(n)
    count = 0
    for j in range(n):
        state.correlation[j] = problem.target[j]
        if state.coef[j] != 0.0:
            support[count] = j
            values[count] = state.coef[j]
            count += 1
    _shift_correlation(problem.gram, support, values, count, state.correlation, n)


@kernel
def _length(
    problem: Problem, columns: NDArray[np.int64], step: NDArray[np.float64], k: int
) -> float:
    """Return how far a step goes in fitted values, column by column."""
    total = 0.0
    for i in range(k):
        total += abs(step[i]) * np.sqrt(problem.gram[columns[i], columns[i]])
    return total


@kernel
def _without_drift(problem: Problem, state: State, n: int, travelled: float) -> float:
    """Compute the correlations afresh where updates have left too much rounding.

    Every update leaves behind errors in proportion to its step. Steps to the optimum
    of an ill-conditioned hull go far out, and come back at the walls: after those the
    correlations would not be the coefficients' own. Returns what was travelled since
    the correlations were last computed.
    """
    size = 0.0
    for j in range(n):
        if state.coef[j] != 0.0:
            size += abs(state.coef[j]) * np.sqrt(problem.gram[j, j])
    if travelled <= FAR * size:
        return travelled
    _afresh(problem, state, n)
    return size


@kernel
def _cell(problem: Problem, j: int, side: float) -> tuple[float, float]:
    """Return the interval in which coordinate ``j`` stays on its side of zero."""
    low = problem.lower[j]
    high = problem.upper[j]
    if side > 0.0:
        low = 0.0
    elif side < 0.0:
        high = 0.0
    return low, high


@kernel
def _violation(problem: Problem, state: State, j: int, alpha: float) -> float:
    """Return by how much fixed coordinate ``j`` wants to move, with its direction."""
    value = state.coef[j]
    threshold = alpha * problem.l1[j]
    slack = problem.noise[j] + THRESHOLD_SLACK * threshold
    pull = state.correlation[j] - alpha * problem.l2[j] * value
    if value < problem.upper[j]:
        rise: float = pull - (threshold if value >= 0.0 else -threshold)
        if rise > slack:
            return rise
    if value > problem.lower[j]:
        fall: float = pull - (threshold if value > 0.0 else -threshold)
        if fall < -slack:
            return fall
    return 0.0


@kernel
def _newton_direction(
    problem: Problem, state: State, alpha: float
) -> NDArray[np.float64]:
    """Return the step from the free coordinates to the optimum of their hull."""
    k = state.size[0]
    step = np.empty(k)
    for i in range(k):
        j = state.active[i]
        step[i] = state.correlation[j] - alpha * (
            problem.l2[j] * state.coef[j] + problem.l1[j] * state.side[j]
        )
    cholesky.solve_lower(state.factor, k, step)
    cholesky.solve_upper(state.factor, k, step)
    return step


@kernel
def _null_direction(
    problem: Problem, state: State, alpha: float, refused: int
) -> tuple[NDArray[np.float64], float]:
    """Return the direction in which ``refused`` replaces what it depends on.

    Its forward substitution stands in the row behind the factor. The last entry is
    the refused coordinate's own. The second result is the length at which the
    objective is least: infinite where the fit does not change at all.
    """
    k = state.size[0]
    violation = _violation(problem, state, refused, alpha)
    sign = 1.0 if violation > 0.0 else -1.0
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
        return step, np.inf
    return step, abs(violation) / curvature


@kernel
def _longest_step(
    problem: Problem,
    state: State,
    columns: NDArray[np.int64],
    step: NDArray[np.float64],
    limit: float,
) -> tuple[float, int]:
    """Return the step length up to ``limit`` that keeps all cells, and who stops it."""
    length = limit
    blocking = -1
    for i in range(step.shape[0]):
        j = columns[i]
        low, high = _cell(problem, j, state.side[j])
        wall = high if step[i] > 0.0 else low
        reach = (wall - state.coef[j]) / step[i] if step[i] != 0.0 else np.inf
        if reach < length:
            length = max(0.0, reach)
            blocking = i
    return length, blocking


@kernel
def _find_violators(
    problem: Problem,
    state: State,
    n: int,
    alpha: float,
    entering: NDArray[np.int64],
    only_worst: bool,
) -> int:
    """List the fixed coordinates that want to move and choose their sides."""
    count = 0
    largest = 0.0
    for j in range(n):
        if state.free[j]:
            continue
        violation = _violation(problem, state, j, alpha)
        if violation == 0.0:
            continue
        side = np.sign(state.coef[j]) if state.coef[j] != 0.0 else np.sign(violation)
        state.side[j] = side if problem.l1[j] > 0.0 else 0.0
        if not only_worst:
            entering[count] = j
            count += 1
        elif violation * violation > largest * problem.gram[j, j]:
            largest = violation * violation / problem.gram[j, j]
            entering[0] = j
            count = 1
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
        low, high = _cell(problem, j, state.side[j])
        wall = min(max(state.coef[j], low), high)
        if wall != state.coef[j]:
            walled[count] = j
            back[count] = wall - state.coef[j]
            state.coef[j] = wall
            leaving[j] = True
            count += 1
    _shift_correlation(problem.gram, walled, back, count, state.correlation, n)
    return count, _length(problem, walled, back, count)


@kernel
def _restart(
    problem: Problem,
    state: State,
    n: int,
    coef: NDArray[np.float64],
    queue: NDArray[np.int64],
) -> int:
    """Go back to ``coef`` with an empty factor; queue its free coordinates."""
    count = 0
    state.size[0] = 0
    for j in range(n):
        state.free[j] = False
        state.coef[j] = coef[j]
        if coef[j] != 0.0 and problem.lower[j] < coef[j] < problem.upper[j]:
            state.side[j] = np.sign(coef[j]) if problem.l1[j] > 0.0 else 0.0
            queue[count] = j
            count += 1
    _afresh(problem, state, n)
    return count


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
def _objective(problem: Problem, state: State, n: int, alpha: float) -> float:
    """Return the objective, less the constant |y|²/2."""
    total = 0.0
    for j in range(n):
        value = state.coef[j]
        if value != 0.0:
            total -= 0.5 * value * (problem.target[j] + state.correlation[j])
            total += alpha * abs(value) * problem.l1[j]
            total += 0.5 * alpha * problem.l2[j] * value * value
    return total


@kernel
def minimise(
    problem: Problem, state: State, n: int, alpha: float, max_iter: int, ridged: bool
) -> tuple[int, bool]:
    """Bring ``state`` to the optimum over the first ``n`` columns.

    ``ridged`` says that some ``l2`` is positive, so that the factor depends on
    ``alpha`` and has to be made anew. Returns the number of linear systems solved, and
    whether the optimum was reached; where it was not, the objective is no higher than
    it was before.
    """
    objective = _objective(problem, state, n, alpha)
    start = np.empty(n)
    leaving = np.zeros(n, dtype=np.bool_)
    entering = np.empty(n + 1, dtype=np.int64)
    queue = np.empty(2 * n + 1, dtype=np.int64)
    for j in range(n):
        start[j] = state.coef[j]
    n_queue = 0
    if ridged:
        n_queue = state.size[0]
        state.size[0] = 0
        for i in range(n_queue):
            queue[i] = state.active[i]
    n_entering = 0
    refused = -1
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
        if patience == 0 and n_entering == 1 and not state.free[entering[0]]:
            refused = entering[0]

        # Step to the optimum of the hull; the primal method stops at the first wall.
        columns = np.empty(k + 1, dtype=np.int64)
        for i in range(k):
            columns[i] = state.active[i]
        columns[k] = refused
        limit = 1.0
        if refused >= 0:
            step, limit = _null_direction(problem, state, alpha, refused)
        else:
            step = _newton_direction(problem, state, alpha)
        length = 1.0
        blocking = -1
        if patience == 0:
            length, blocking = _longest_step(problem, state, columns, step, limit)
            if length == np.inf:
                max_iter = iteration + 1
                break
        for i in range(step.shape[0]):
            step[i] *= length
            state.coef[columns[i]] += step[i]
        _shift_correlation(
            problem.gram, columns, step, step.shape[0], state.correlation, n
        )
        travelled += _length(problem, columns, step, step.shape[0])
        travelled = _without_drift(problem, state, n, travelled)

        # Decide who leaves and who enters.
        n_leaving = 0
        n_entering = 0
        if blocking < 0:
            refused = -1
            n_entering = _find_violators(
                problem, state, n, alpha, entering, patience == 0
            )
            if patience > 0:
                n_leaving, back = _put_at_walls(problem, state, n, leaving)
                travelled = _without_drift(problem, state, n, travelled + back)
            violations = n_leaving + n_entering
            if violations == 0:
                # An ill-conditioned system is solved again for what the first
                # solution left over, as long as that helps (iterative refinement).
                last, unrest = unrest, _unrest(problem, state, alpha)
                if unrest <= 1.0 or unrest > 0.5 * last:
                    return iteration + 1, True
            elif violations < fewest:
                fewest = violations
                patience = min(patience, 1) * PATIENCE
            elif patience > 0:
                patience -= 1
                if patience == 0:
                    n_entering = 0
                    n_queue = _restart(problem, state, n, start, queue)
                    travelled = 0.0
                    for j in range(n):
                        leaving[j] = False
                    continue
        else:
            j = columns[blocking]
            low, high = _cell(problem, j, state.side[j])
            state.coef[j] = high if step[blocking] > 0.0 else low
            if refused >= 0 and j != refused:
                entering[0] = refused
                n_entering = 1
            refused = -1
            if state.free[j]:
                leaving[j] = True
                n_leaving = 1

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
    if not _objective(problem, state, n, alpha) <= objective:
        _restart(problem, state, n, start, queue)
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
) -> int:
    """Solve for every alpha in turn on the complete Gram matrix.

    Row i of ``coefs`` and entry i of ``gaps`` and ``n_iters`` receive the solution
    for ``alphas[i]``. ``top`` is an alpha for which ``state`` is near the optimum.
    Returns how many were solved: all of them, or those before the first with more than
    ``max_nonzero`` nonzero coefficients.
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
        stone = next_stone(stone, alpha, top)
        while stone > alpha:
            n_iter, _ = minimise(problem, state, n, stone, max_iter, ridged)
            n_iters[i] += n_iter
            stone = next_stone(stone, alpha, top)
        n_iter, _ = minimise(problem, state, n, alpha, max_iter, ridged)
        n_iters[i] += n_iter
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
            return i
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
            max(0.0, residual_square),
        )
    return len(alphas)


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
