"""The exact solver on a Gram matrix: block pivoting, and what it falls back on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.kernels.linear import active_set
from regkit.kernels.linear.active_set_state import State, WorkingProblem
from regkit.kernels.linear.cholesky import BLOCK, DEPENDENT

# Where a Gram matrix has few digits, each solution for what the residual itself leaves
# over gains about as many as it has.
REFINEMENTS = 3


def empty_problem(capacity: int) -> WorkingProblem:
    """Return a problem with room for ``capacity`` columns."""
    return WorkingProblem(
        np.zeros((capacity, capacity)), *(np.zeros(capacity) for _ in range(6))
    )


def empty_state(capacity: int, support: int) -> State:
    """Return the state of all coefficients zero and none free.

    ``support`` is the number of rows of the factor.
    """
    return State(
        coef=np.zeros(capacity),
        correlation=np.zeros(capacity),
        free=np.zeros(capacity, dtype=np.bool_),
        side=np.zeros(capacity),
        active=np.zeros(support, dtype=np.int64),
        factor=np.empty((support, support)),  # written before it is read
        size=np.zeros(1, dtype=np.int64),
    )


def with_room(
    problem: WorkingProblem, state: State, capacity: int, rank: int
) -> tuple[WorkingProblem, State]:
    """Return both with room for ``capacity`` columns, ``rank`` of them free at most."""
    support = min(capacity, rank) + 2 * BLOCK
    gram, *vectors = problem
    larger = WorkingProblem(
        grown(gram, (capacity, capacity)), *(grown(v, (capacity,)) for v in vectors)
    )
    return larger, State(
        coef=grown(state.coef, (capacity,)),
        correlation=grown(state.correlation, (capacity,)),
        free=grown(state.free, (capacity,)),
        side=grown(state.side, (capacity,)),
        active=grown(state.active, (support,)),
        factor=grown(state.factor, (support, support)),
        size=state.size,
    )


def grown(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array of ``shape`` with ``array`` in its corner."""
    grown = np.zeros(shape, dtype=array.dtype)
    grown[tuple(slice(0, n) for n in array.shape)] = array
    return grown


def without_rounding(rows: Floats, squares: Floats) -> Floats:
    """Return rows of G, the last of its columns, once the intercepts are eliminated.

    For losses that leave rows without a curvature. A column that the others do not tell
    from the intercepts then has none but rounding errors, a small share of its square
    before, which ``squares`` holds. It gets zeros: steps along it had any length.
    """
    old = rows.shape[1] - len(rows)
    gone = np.diagonal(rows, old) <= DEPENDENT * squares
    if gone.any():
        rows[gone] = 0.0
        rows[:, old:][:, gone] = 0.0
    return rows


def stays_inside(problem: WorkingProblem, state: State) -> NDArray[np.bool_]:
    """Return which coefficients are not free where no bound holds them.

    Without a penalty those are refused by the factor: they depend on others. At a bound
    they have no slope, where one that is held has.
    """
    is_inside = (problem.lower < state.coef) & (state.coef < problem.upper)
    is_level = np.abs(state.correlation) <= 1e3 * problem.noise
    return np.asarray(~state.free & (is_inside | is_level))


def set_coef(problem: WorkingProblem, state: State, coef: Floats) -> None:
    """Put the first coefficients at ``coef``, all of them fixed.

    The solver frees those whose gradient is not zero.
    """
    n = len(coef)
    state.coef[:n] = coef
    state.correlation[:n] = problem.target[:n] - problem.gram[:n, :n] @ coef
    state.free[:n] = False
    state.size[0] = 0


def minimize(
    problem: WorkingProblem,
    state: State,
    n: int,
    alpha: float,
    ridged: bool,
    max_iter: int,
) -> int:
    """Bring ``state`` to the optimum over the first ``n`` columns.

    Returns the number of linear systems solved. The objective is never left higher
    than it was.
    """
    start = state.coef[:n].copy()
    n_iter, solved = active_set.minimize(problem, state, n, alpha, max_iter, ridged)
    if not solved:
        # Loaded here: block pivoting nearly always settles.
        from regkit.kernels.linear.primal import minimize_from

        n_iter += minimize_from(problem, state, start, alpha, max_iter - n_iter)
    return int(n_iter)
