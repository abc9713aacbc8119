"""The regularization path: picks the tool by the problem's shape, collects results."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import Floats
from regkit.designs import Design
from regkit.solvers.problem import PathResult, Penalty, largest_alpha, scale_problem

if TYPE_CHECKING:
    from regkit.solvers.paths.walk import Asking, ScreenedPath

_TINY = float(np.finfo(np.float64).resolution)


class Solved(NamedTuple):
    """What a tool found for some alphas: CSC columns in Z's units, and figures."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: Floats
    gaps: Floats
    n_iters: NDArray[np.int64]
    is_unique: bool
    name: str
    target_mean: float
    null_objective: float


def solve_path(
    design: Design,
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    *,
    tol: float = 1e-8,
    max_iter: int = 1000,
    solver: str = "auto",
    max_nonzero: int | None = None,
    start: Floats | None = None,
) -> PathResult:
    """Solve the elastic net for a decreasing sequence of alphas.

    Parameters
    ----------
    design : Design
    y : ndarray (n,)
    penalty : Penalty
    alphas : ndarray (K,)
        Strictly decreasing, non-negative.
    tol : float
        A solution has converged when its duality gap is at most ``tol`` times the null
        model's objective.
    max_iter : int
        Linear systems or sweeps allowed at each alpha.
    solver : {"auto", "active_set", "coordinate_descent"}
    max_nonzero : int or None
        End the path before the first solution with more nonzero coefficients.
    start : ndarray (p,) or None
        Coefficients to start from, user's units.

    Returns
    -------
    result : PathResult
    """
    limit = design.n_features if max_nonzero is None else max_nonzero
    is_smooth = penalty.l1_ratio == 0.0 and solver == "auto" and not penalty.is_bounded
    if is_smooth and not is_small(design):
        solved = _solve_smooth(design, y, penalty, alphas, tol, max_iter)
    elif alphas[-1] == 0.0 and solver == "auto" and not penalty.is_bounded:
        unpenalized = Penalty.build(design.n_features, 0.0, penalty.factor)
        solved = _solve_smooth(design, y, unpenalized, alphas[-1:], tol, max_iter)
        if len(alphas) > 1:
            before = _solve(
                design, y, penalty, alphas[:-1], tol, max_iter, solver, limit, start
            )
            stopped = len(before.gaps) < len(alphas) - 1
            solved = before if stopped else _join(before, solved)
    else:
        solved = _solve(design, y, penalty, alphas, tol, max_iter, solver, limit, start)
        if is_smooth and np.any(solved.gaps > tol * solved.null_objective):
            # Too ill-conditioned for a Gram matrix.
            solved = _solve_smooth(design, y, penalty, alphas, tol, max_iter)
    solved = _until(solved, limit)
    return as_result(design, penalty, alphas, solved, tol)


def alpha_grid(
    design: Design,
    y: Floats,
    penalty: Penalty,
    n_alphas: int = 100,
    eps: float = 1e-3,
) -> Floats:
    """Return ``n_alphas`` alphas from the true alpha_max down to ``eps`` of it.

    alpha_max is the smallest alpha at which no penalized column enters, given the
    weights, bounds, penalty factors, centering, and the unpenalized columns' own fit.

    Raises
    ------
    ValueError
        When ``penalty.l1_ratio`` is 0: no finite alpha makes all coefficients zero.
    """
    if penalty.l1_ratio == 0.0:
        raise ValueError(
            "alphas must be given when l1_ratio=0: no finite alpha makes all "
            "coefficients zero."
        )
    if is_small(design):
        from regkit.solvers.paths.gram import CompleteGram

        # The design keeps the Gram matrix for the path that follows.
        top = CompleteGram(design, y, penalty).top
    elif np.any(penalty.factor == 0.0):
        top = _walk(design, y, penalty, 1.0, 1000, "auto").top
    else:
        problem = scale_problem(design, y, penalty)
        top = largest_alpha(design.correlate(problem.target), problem)
    # A constant y has alpha_max = 0: any positive grid serves.
    top = top or _TINY
    grid = np.geomspace(top, top * eps, n_alphas)
    grid[0] = top
    return grid


def is_small(design: Design) -> bool:
    """Whether the Gram matrix of all columns is there, or worth forming at once."""
    from regkit.solvers.paths.gram import COLUMNS_OF_TALL, FEW_COLUMNS

    p = design.n_features
    few = p <= FEW_COLUMNS or p <= min(COLUMNS_OF_TALL, design.n_samples)
    return few or design.has_gram


def _walk(
    design: Design,
    y: Floats,
    penalty: Penalty,
    tol: float,
    max_iter: int,
    solver: str,
) -> "ScreenedPath":
    from regkit.solvers.paths.walk import ScreenedPath, answered

    problem = scale_problem(design, y, penalty)
    products = design.correlate(problem.target)
    walk = ScreenedPath(
        design, problem, products, tol=tol, max_iter=max_iter, solver=solver
    )
    answered(walk.start(), design)
    return walk


def _solve(
    design: Design,
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    tol: float,
    max_iter: int,
    solver: str,
    limit: int,
    start: Floats | None,
) -> Solved:
    """Solve with the complete Gram matrix, or on a screened working set."""
    if not is_small(design):
        walk = _walk(design, y, penalty, tol, max_iter, solver)
        return _solve_walking(design, walk, alphas, limit, start)
    from regkit.solvers.paths.gram import CompleteGram

    complete = CompleteGram(design, y, penalty)
    if start is not None:
        complete.start_from(start * design.scale)
    found = complete.solve(alphas, tol, max_iter, limit, solver)
    at, indices = np.nonzero(found.coefs)
    counts = np.bincount(at, minlength=len(found.coefs))
    null_objective = complete.scaled.null_objective
    solved = Solved(
        np.concatenate([[0], np.cumsum(counts)]),
        indices,
        found.coefs[at, indices],
        found.gaps,
        found.n_iters,
        found.is_unique,
        found.name,
        complete.scaled.target_mean,
        null_objective,
    )
    if solver == "auto" and not np.all(found.gaps <= tol * null_objective):
        # The Gram matrix has too few digits here: go by the residual instead.
        walk = _walk(design, y, penalty, tol, max_iter, solver)
        again = _solve_walking(design, walk, alphas, limit, start)
        if len(again.gaps) and max(again.gaps) < max(found.gaps):
            return again
    return solved


def _solve_walking(
    design: Design,
    walk: "ScreenedPath",
    alphas: Floats,
    limit: int,
    start: Floats | None,
) -> Solved:
    from regkit.solvers.paths.walk import answered

    if start is not None:
        answered(walk.start_from(start * design.scale), design)
    return answered(walk_down(walk, alphas, limit), design)


def walk_down(walk: "ScreenedPath", alphas: Floats, limit: int) -> "Asking[Solved]":
    """Step from alpha to alpha; stop at more than ``limit`` nonzeros."""
    supports, values, gaps, n_iters = [], [], [], []
    for alpha in alphas:
        n_iter = yield from walk.step(float(alpha))
        support = walk.support
        if len(support) > limit:
            break
        supports.append(support)
        values.append(walk.coef[support])
        gaps.append(walk.gap)
        n_iters.append(n_iter)
    return Solved(
        np.cumsum([0, *map(len, supports)]),
        np.concatenate([np.empty(0, dtype=np.int64), *supports]),
        np.concatenate([np.empty(0), *values]),
        np.array(gaps),
        np.array(n_iters, dtype=np.int64),
        walk.is_unique,
        walk.name,
        walk.problem.target_mean,
        walk.problem.null_objective,
    )


def go_on(
    design: Design,
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    solved: Solved,
    tol: float,
    max_iter: int,
    solver: str,
) -> PathResult:
    """Solve for the alphas that ``solved`` has not come to; return the whole path."""
    done = len(solved.gaps)
    if done < len(alphas):
        start = None
        if done:
            last = slice(*solved.indptr[-2:])
            start = np.zeros(design.n_features)
            start[solved.indices[last]] = solved.values[last]
            start /= design.scale
        rest = alphas[done:]
        p = design.n_features
        found = _solve(design, y, penalty, rest, tol, max_iter, solver, p, start)
        solved = _join(solved, found) if done else found
    return as_result(design, penalty, alphas, solved, tol)


def _solve_smooth(
    design: Design,
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    tol: float,
    max_iter: int,
) -> Solved:
    """Solve where nothing has a kink or a wall: a ridge or least-squares problem."""
    from regkit.solvers.ridge.route import solve_ridge

    found = solve_ridge(
        design,
        np.repeat(y[:, None], len(alphas), axis=1),
        alphas * design.total_weight,
        penalty.factor,
        tol=tol,
        max_iter=max_iter,
    )
    scaled = found.coefs * design.scale
    at, indices = np.nonzero(scaled)
    counts = np.bincount(at, minlength=len(scaled))
    means = found.intercepts + found.coefs @ design.offset
    return Solved(
        np.concatenate([[0], np.cumsum(counts)]),
        indices,
        scaled[at, indices],
        found.dual_gaps,
        found.n_iters,
        found.unique,
        found.solver,
        float(means[0]),
        float(found.null_objectives[0]),
    )


def _join(first: Solved, second: Solved) -> Solved:
    return second._replace(
        indptr=np.concatenate([first.indptr, first.indptr[-1] + second.indptr[1:]]),
        indices=np.concatenate([first.indices, second.indices]),
        values=np.concatenate([first.values, second.values]),
        gaps=np.concatenate([first.gaps, second.gaps]),
        n_iters=np.concatenate([first.n_iters, second.n_iters]),
        is_unique=first.is_unique and second.is_unique,
        name="+".join(dict.fromkeys([first.name, second.name])),
    )


def _until(solved: Solved, limit: int) -> Solved:
    """End before the first solution of more than ``limit`` nonzeros.

    Tools that walk down the alphas stop there themselves.
    """
    too_many = np.flatnonzero(np.diff(solved.indptr) > limit)
    if not len(too_many):
        return solved
    kept = too_many[0]
    n_values = solved.indptr[kept]
    return solved._replace(
        indptr=solved.indptr[: kept + 1],
        indices=solved.indices[:n_values],
        values=solved.values[:n_values],
        gaps=solved.gaps[:kept],
        n_iters=solved.n_iters[:kept],
    )


def as_result(
    design: Design, penalty: Penalty, alphas: Floats, solved: Solved, tol: float
) -> PathResult:
    """Bring coefficients to the user's units and add the intercepts."""
    n_solved = len(solved.gaps)
    gaps = solved.gaps
    if not np.all(np.isfinite(design.lengths)):
        # Squares overflow: nothing is certified.
        gaps = np.full(n_solved, np.inf)
    at = solved.indices
    values = np.clip(
        solved.values / design.scale[at], penalty.lower[at], penalty.upper[at]
    )
    column = np.repeat(np.arange(n_solved), np.diff(solved.indptr))
    parts = values * design.offset[at]
    shifts = np.bincount(column, parts, n_solved).astype(np.float64, copy=False)
    coefs = sparse.csc_array(
        (values, solved.indices, solved.indptr), shape=(design.n_features, n_solved)
    )
    return PathResult(
        alphas=alphas[:n_solved],
        coefs=coefs,
        intercepts=solved.target_mean - shifts,
        dual_gaps=gaps,
        null_objective=solved.null_objective,
        n_iters=solved.n_iters,
        converged=gaps <= tol * solved.null_objective,
        unique=solved.is_unique,
        solver=solved.name,
    )
