"""The exact solver on a Gram matrix: active sets by block principal pivoting.

Given the free set, the optimum over the hull of its cells (see `active_set_state`)
is one linear system. Free coordinates that leave their cell are then fixed, fixed ones
whose subgradient condition fails are freed, all at once (Portugal, Judice & Vicente
1994). From the solution at a close alpha this takes two or three systems; where the
number of exchanges stops falling, `regkit.kernels.linear.primal` takes over.
"""

from typing import Any

import numpy as np

from regkit._types import Indices
from regkit.kernels._jit import kernel, uncounted_part
from regkit.kernels.linear import cholesky
from regkit.kernels.linear.active_set_state import (
    THRESHOLD_SLACK,
    State,
    WorkingProblem,
    Workspace,
    admit,
    cell,
    newton_direction,
    shift_correlation,
    violation,
    without_drift,
)

# Block exchanges allowed without a new smallest number of violations.
PATIENCE = 4


@uncounted_part
def find_violators(
    problem: WorkingProblem, state: State, n: int, alpha: float, entering: Indices
) -> int:
    """List the fixed coordinates that want to move and choose their sides."""
    count = 0
    for j in range(n):
        # (One branch, seldom missed: which columns are free cannot be predicted.)
        is_zero, pull = state.coef[j] == 0.0, abs(state.correlation[j])
        if state.free[j] | (is_zero & (pull <= alpha * problem.l1[j])):
            continue
        wish = violation(problem, state, j, alpha)
        if wish != 0.0:
            side = np.sign(state.coef[j]) if state.coef[j] != 0.0 else np.sign(wish)
            state.side[j] = side if problem.l1[j] > 0.0 else 0.0
            entering[count] = j
            count += 1
    return count


@uncounted_part
def _put_at_walls(
    problem: WorkingProblem, state: State, work: Workspace, n: int
) -> tuple[int, float]:
    """Fix the free coordinates that have left their cell on its wall.

    Returns their number, and how far they were brought back.
    """
    k = state.size[0]
    walled, back = work.queue, work.step
    count = 0
    traveled = 0.0
    for i in range(k):
        j = state.active[i]
        low, high = cell(problem, j, state.side[j])
        wall = state.coef[j]
        if wall < low:
            wall = low
        elif wall > high:
            wall = high
        if wall != state.coef[j]:
            walled[count] = j
            back[count] = wall - state.coef[j]
            traveled += abs(back[count]) * np.sqrt(problem.gram[j, j])
            state.coef[j] = wall
            work.leaving[j] = True
            count += 1
    shift_correlation(problem.gram, walled[:count], back, state.correlation, n)
    return count, traveled


@uncounted_part
def _scaled_gradient_max(problem: WorkingProblem, state: State, alpha: float) -> float:
    """Return the largest gradient among free coordinates, in units of its slack."""
    largest = 0.0
    for i in range(state.size[0]):
        j = state.active[i]
        threshold = alpha * problem.l1[j]
        gradient = state.correlation[j] - (
            alpha * problem.l2[j] * state.coef[j] + threshold * state.side[j]
        )
        slack = problem.noise[j] + THRESHOLD_SLACK * threshold
        share = abs(gradient) / slack
        if share > largest:
            largest = share
    return largest


@uncounted_part
def _direction(
    problem: WorkingProblem, state: State, work: Workspace, alpha: float, before: int
) -> None:
    """Write to ``work.step`` the step to the optimum of the free coordinates' hull.

    The first ``before`` of them meet their conditions at ``work.met``.
    """
    k, known, step, forward = state.size[0], work.known[0], work.step, work.forward
    for i in range(known, k):
        j = state.active[i]
        forward[i] = problem.l1[j] * state.side[j]
    cholesky.go_on_below(state.factor, known, k, forward)
    work.known[0] = k
    distance = work.met[0] - alpha
    for i in range(before):
        step[i] = distance * forward[i]
    for i in range(before, k):
        j = state.active[i]
        step[i] = state.correlation[j] - alpha * problem.l1[j] * state.side[j]
    cholesky.go_on_below(state.factor, before, k, step)
    cholesky.solve_upper(state.factor, k, step)


@uncounted_part
def pivot_within(
    problem: WorkingProblem,
    state: State,
    work: Workspace,
    n: int,
    alpha: float,
    max_iter: int,
    ridged: bool,
    n_leaving: int,
    n_entering: int,
) -> tuple[int, bool]:
    """Do what `minimize` does, for kernels that have the room.

    ``n_leaving`` free coordinates j are at a wall already, with ``work.leaving[j]``,
    which is False for all others. Before the first system they are fixed, and the
    first ``n_entering`` of ``work.entering`` are freed, their sides chosen.
    """
    leaving, entering, queue, step = work.leaving, work.entering, work.queue, work.step
    known, met = work.known, work.met
    k = state.size[0]
    fewest = n + 1
    patience = PATIENCE
    largest = np.inf
    traveled = 0.0
    for iteration in range(max_iter):
        n_queue: Any = np.int64(0)  # a literal has callees compiled for it alone
        if n_leaving > 0 or (ridged and iteration == 0):
            met[0] = np.nan
            for i in range(k):
                if leaving[state.active[i]] and i < known[0]:
                    known[0] = i
                # At a smaller alpha it may depend on the others, and stay fixed.
                state.free[state.active[i]] = False
        if ridged and iteration == 0:
            for i in range(k):
                if not leaving[state.active[i]]:
                    queue[n_queue] = state.active[i]
                    n_queue += 1
            state.size[0] = 0
        elif n_leaving > 0:
            k, n_queue = cholesky.remove(state.factor, state.active, k, leaving, queue)
            state.size[0] = k
            for i in range(k):
                state.free[state.active[i]] = True
        if n_leaving > 0:
            for j in range(n):
                leaving[j] = False
        for i in range(n_entering):
            queue[n_queue + i] = entering[i]
        n_queue += n_entering
        k_before = state.size[0]
        k = admit(problem, state, alpha, queue, n_queue)

        # Step to the optimum of the hull, then exchange what is on the wrong side.
        if ridged or np.isnan(met[0]):
            newton_direction(problem, state, alpha, step)
        else:
            _direction(problem, state, work, alpha, k_before)
        for i in range(k):
            j = state.active[i]
            state.coef[j] += step[i]
            traveled += abs(step[i]) * np.sqrt(problem.gram[j, j])
        shift_correlation(problem.gram, state.active[:k], step, state.correlation, n)
        n_entering = find_violators(problem, state, n, alpha, entering)
        n_leaving, back = _put_at_walls(problem, state, work, n)
        so_far = traveled + back
        traveled = without_drift(problem, state, n, so_far, queue, step)
        met[0] = alpha if n_leaving == 0 and traveled == so_far else np.nan
        violations = n_leaving + n_entering
        if violations == 0:
            # An ill-conditioned system is solved again for what the first solution
            # left over, as long as that helps (iterative refinement).
            last, largest = largest, _scaled_gradient_max(problem, state, alpha)
            if largest > 1.0:
                met[0] = np.nan
            if largest <= 1.0 or largest > 0.5 * last:
                return iteration + 1, True
        elif violations < fewest:
            fewest = violations
            patience = PATIENCE
        else:
            patience -= 1
            if patience == 0:
                return iteration + 1, False
    return max_iter, False


@kernel
def minimize(
    problem: WorkingProblem,
    state: State,
    n: int,
    alpha: float,
    max_iter: int,
    ridged: bool,
) -> tuple[int, bool]:
    """Bring ``state`` to the optimum over the first ``n`` columns.

    ``ridged`` says that some ``l2`` is positive, so that the factor depends on
    ``alpha`` and has to be made anew. Returns the number of linear systems solved, and
    whether the optimum was reached; where it was not, ``state`` may be far from it.
    """
    work = Workspace(
        np.zeros(n, dtype=np.bool_),
        np.empty(n, dtype=np.int64),
        np.empty(2 * n, dtype=np.int64),
        np.empty(n),
        np.empty(n),
        np.zeros(1, dtype=np.int64),
        np.full(1, np.nan),
    )
    none: Any = np.int64(0)
    return pivot_within(problem, state, work, n, alpha, max_iter, ridged, none, none)
