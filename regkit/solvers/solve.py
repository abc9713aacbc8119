"""The regularization path and its grid: picks the solver by the problem's shape."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from regkit._types import Floats
from regkit.designs import Design, GramTerms
from regkit.parallel.threads import calm_passes
from regkit.solvers.paths.gram import CompleteGram
from regkit.solvers.problem import (
    Penalty,
    grid_below,
    is_small,
    require_l1,
    scale_problem,
    sum_of_squares,
)
from regkit.solvers.results import PathResult, as_result

# `paths.walk` and `ridge.route` are imported where they are called: a fit that needs
# one of the routes does not load the kernels of the others.


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
    task = _Task(design, y, penalty, tol, max_iter, solver, limit)
    is_smooth = penalty.l1_ratio == 0.0 and solver == "auto" and not penalty.is_bounded
    if is_smooth and not is_small(design):
        found = task.solve_smooth(alphas)
    elif alphas[-1] == 0.0 and solver == "auto" and not penalty.is_bounded:
        unpenalized = Penalty.build(design.n_features, 0.0, penalty.factor)
        found = task._replace(penalty=unpenalized).solve_smooth(alphas[-1:])
        if len(alphas) > 1:
            before = task.solve(alphas[:-1], start)
            stopped = len(before.alphas) < len(alphas) - 1
            found = before if stopped else PathResult.concat([before, found])
    else:
        found = task.solve(alphas, start)
        if is_smooth and np.any(found.dual_gaps > tol * found.null_objectives):
            # Too ill-conditioned for a Gram matrix.
            found = task.solve_smooth(alphas)
    if max_nonzero is None:
        return found
    # The walks stop there themselves, other solvers do not.
    too_many = np.flatnonzero(np.diff(found.coefs.indptr) > limit)
    return found.until(int(too_many[0])) if len(too_many) else found


def solve_terms(
    terms: GramTerms,
    penalty: Penalty,
    alphas: Floats,
    *,
    tol: float,
    max_iter: int,
    solver: str,
) -> PathResult | None:
    """Solve as `solve_path` does where the products of all columns are all it needs.

    None where it needs the rows: without a penalty, or for want of digits.
    """
    if alphas[-1] == 0.0:
        return None
    complete = CompleteGram(terms, penalty)
    if complete.is_doubtful:
        return None
    found = complete.solve(alphas, tol, max_iter, len(terms.scale), solver)
    is_enough = solver != "auto" or bool(found.converged.all())
    return found if is_enough else None


def go_on(
    design: Design,
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    found: PathResult,
    tol: float,
    max_iter: int,
    solver: str,
) -> PathResult:
    """Solve for the alphas that ``found`` has not reached; return the whole path."""
    done = len(found.alphas)
    start = found.at(done - 1).coefs[:, 0] if done else None
    task = _Task(design, y, penalty, tol, max_iter, solver, design.n_features)
    rest = task.solve(alphas[done:], start)
    return PathResult.concat([found, rest]) if done else rest


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
    require_l1(penalty)
    # The design keeps the Gram matrix for the path that follows.
    complete = CompleteGram.of_rows(design, y, penalty) if is_small(design) else None
    if complete is not None and not complete.is_doubtful:
        top = complete.top
    elif np.any(penalty.factor == 0.0):
        from regkit.solvers.paths.walk import ScreenedPath

        top = ScreenedPath.begin(design, y, penalty).top
    else:
        problem = scale_problem(design, y, penalty)
        top = problem.penalty.largest_alpha(design.correlate(problem.target))
    return grid_below(top, n_alphas, eps)


class _Task(NamedTuple):
    """A problem and how to solve it, for whatever alphas."""

    design: Design
    y: Floats
    penalty: Penalty
    tol: float
    max_iter: int
    solver: str
    limit: int
    """The path ends before a solution of more nonzero coefficients."""

    def solve(self, alphas: Floats, start: Floats | None) -> PathResult:
        """Solve with the complete Gram matrix, or on a screened working set."""
        design, tol = self.design, self.tol
        if not is_small(design):
            return self._walk(alphas, start)
        complete = CompleteGram.of_rows(design, self.y, self.penalty)
        if self.solver == "auto" and complete.is_doubtful:
            return self._walk(alphas, start)
        if start is not None:
            complete.start_from(start * design.scale)
        found = complete.solve(alphas, tol, self.max_iter, self.limit, self.solver)
        if self.solver == "auto" and not found.converged.all():
            # The Gram matrix has too few digits here: go by the residual instead.
            again = self._walk(alphas, start)
            if len(again.alphas) and max(again.dual_gaps) < max(found.dual_gaps):
                return again
        return found

    def _walk(self, alphas: Floats, start: Floats | None) -> PathResult:
        from regkit.solvers.paths.walk import ScreenedPath, answered

        design, tol = self.design, self.tol
        with calm_passes(design.n_samples * design.n_features):
            walk = ScreenedPath.begin(
                design,
                self.y,
                self.penalty,
                tol=tol,
                max_iter=self.max_iter,
                solver=self.solver,
            )
            if start is not None:
                answered(walk.start_from(start * design.scale), design)
            solved = answered(walk.down(alphas, self.limit), design)
        return as_result(design, self.penalty, walk.problem, alphas, solved, tol)

    def solve_smooth(self, alphas: Floats) -> PathResult:
        """Solve where nothing has a kink or a wall: ridge or least squares."""
        from regkit.solvers.ridge.route import solve_ridge

        found = solve_ridge(
            self.design,
            self.y[:, None],
            alphas,
            self.penalty.factor,
            columns=np.zeros(len(alphas), dtype=np.intp),
            tol=self.tol,
            max_iter=self.max_iter,
        )
        if not np.all(np.isfinite(self.design.lengths)):
            # Squares overflow: nothing is certified.
            found = found.with_gaps(np.full(len(alphas), np.inf), self.tol)
        return replace(
            found, coefs=sparse.csc_array(found.coefs), losses=self._losses(found)
        )

    def _losses(self, found: PathResult) -> Floats:
        """Return half the squares of the residuals r of ridge solutions b.

        Where Zᵀr = a F b they are |y|² - bᵀ(Zᵀy + a F b), without another product of
        all rows; iterations come too slowly near for that.
        """
        design, factor = self.design, self.penalty.factor
        target, _ = design.center(self.y)
        coefs = found.coefs * design.scale[:, None]
        if "conjugate_gradient" in found.solver:
            left = [target - design.predict(coef) for coef in coefs.T]
            return 0.5 * np.array([sum_of_squares(residual) for residual in left])
        pull = np.where(np.isfinite(factor), factor, 0.0)[:, None] * found.alphas
        pull = design.correlate(target)[:, None] + pull * coefs
        squares = float(target @ target) - np.einsum("jk,jk->k", coefs, pull)
        losses: Floats = 0.5 * np.maximum(0.0, squares)
        return losses
