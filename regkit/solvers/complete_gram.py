"""The path where the Gram matrix of all columns is formed at once.

With few columns, or many more rows than columns, one read of X gives everything the
path needs: each alpha then costs microseconds.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit.designs import Design
from regkit.kernels import active_set, coordinate_descent
from regkit.kernels.certificate import doubt, duality_gap
from regkit.kernels.cholesky import BLOCK
from regkit.kernels.hull import Problem
from regkit.solvers import exact
from regkit.solvers.problem import (
    Floats,
    Penalty,
    largest_alpha,
    scale_problem,
)
from regkit.solvers.unpenalised import (
    are_open,
    excess,
    joint_step,
    pushes_without_end,
)

# With this many columns at most, their Gram matrix is formed whatever the rows.
FEW_COLUMNS = 500
# With this many at most it is formed where there are more rows than columns.
COLUMNS_OF_TALL = 3000


class GramSolution(NamedTuple):
    """Solutions in Z's units, one row an alpha."""

    coefs: Floats
    gaps: Floats
    n_iters: NDArray[np.int64]
    is_unique: bool
    name: str


class CompleteGram:
    """The problem on the Gram matrix of all columns."""

    def __init__(self, design: Design, y: Floats, penalty: Penalty) -> None:
        target, _ = design.centre(y)
        gram, products = design.gram(target)
        # Only now: forming the Gram matrix has measured the columns.
        self.scaled = scale_problem(design, y, penalty)
        scaled = self.scaled
        if scaled.total == 0.0:
            products = np.zeros_like(products)
        p = design.n_features
        self._problem = Problem(
            gram,
            products,
            scaled.l1,
            scaled.l2,
            scaled.lower,
            scaled.upper,
            scaled.noise,
        )
        ridged = bool(np.any(scaled.l2 > 0.0))
        support = p if ridged else min(p, design.max_rank)
        self._state = exact.empty_state(p, support + 2 * BLOCK)
        self._state.correlation[:] = products
        is_free = (scaled.l1 == 0.0) & (scaled.l2 == 0.0)
        self._unpenalised = is_free & (scaled.upper > scaled.lower)
        if self._unpenalised.any():
            self._fit_unpenalised()
        self.top = largest_alpha(self._state.correlation, scaled)

    def _fit_unpenalised(self) -> None:
        """Bring the state to the null model: unpenalised columns alone."""
        closed = np.where(self._unpenalised, self.scaled.upper, 0.0)
        opened = np.where(self._unpenalised, self.scaled.lower, 0.0)
        alone = self._problem._replace(lower=opened, upper=closed)
        exact.minimise(alone, self._state, len(closed), 1.0, 1000, False)

    def start_from(self, coef: Floats) -> None:
        """Take ``coef`` for the solution at some unknown alpha."""
        clipped = np.clip(coef, self._problem.lower, self._problem.upper)
        exact.set_coef(self._problem, self._state, clipped)
        products = self._problem.target + self._state.correlation
        if not clipped @ products >= 0.0:
            # Farther from y than zero is, maybe by orders of magnitude.
            exact.set_coef(self._problem, self._state, np.zeros_like(clipped))
        self.top = np.inf

    def solve(
        self, alphas: Floats, tol: float, max_iter: int, limit: int, solver: str
    ) -> GramSolution:
        """Solve for ``alphas``, decreasing; stop at more than ``limit`` nonzeros."""
        p = len(self.scaled.l1)
        coefs = np.empty((len(alphas), p))
        gaps = np.empty(len(alphas))
        n_iters = np.zeros(len(alphas), dtype=np.int64)
        goal = tol * self.scaled.null_objective
        name = "coordinate_descent"
        done = len(alphas)
        retry = np.arange(len(alphas))
        if solver != name:
            name = "active_set"
            done = self._pivot(alphas, max_iter, limit, coefs, gaps, n_iters)
            retry = np.flatnonzero(~(gaps[:done] <= goal))
            if solver != "auto":
                retry = retry[:0]
            if len(retry):
                name = "active_set+coordinate_descent"
        else:
            coefs[:] = self._state.coef
        for i in retry:
            if i > 0 and solver == "coordinate_descent":
                coefs[i] = coefs[i - 1]
            sweeps, gaps[i] = self._descend(alphas[i], coefs[i], goal, max_iter)
            n_iters[i] += sweeps
            if np.count_nonzero(coefs[i]) > limit:
                done = int(i)
                break
        free = self._state.free | (self._state.coef != 0.0)
        unique = solver == "coordinate_descent" or not np.any(self._unpenalised & ~free)
        return GramSolution(coefs[:done], gaps[:done], n_iters[:done], unique, name)

    def _pivot(
        self,
        alphas: Floats,
        max_iter: int,
        limit: int,
        coefs: Floats,
        gaps: Floats,
        n_iters: NDArray[np.int64],
    ) -> int:
        """Fill the rows of ``coefs``, ``gaps`` and ``n_iters``; return how many."""
        problem, state = self._problem, self._state
        p = len(self.scaled.l1)
        done = 0
        top = self.top
        while done < len(alphas):
            solved, gave_up = active_set.path(
                problem,
                state,
                p,
                alphas[done:],
                top,
                self.scaled.total,
                max_iter,
                limit,
                coefs[done:],
                gaps[done:],
                n_iters[done:],
            )
            done += solved
            if not gave_up:
                break
            alpha = alphas[done]
            n_iters[done] += exact.minimise_from(
                problem, state, coefs[done].copy(), alpha, max_iter
            )
            coefs[done] = state.coef
            gaps[done] = self._gap(alpha, state.coef, state.correlation)
            if np.count_nonzero(state.coef) > limit:
                break
            done += 1
            top = min(alpha, top)
        return done

    def _gap(self, alpha: float, coef: Floats, slope: Floats) -> float:
        scaled = self.scaled
        square = self._problem.gram.diagonal().copy()
        residual_square = scaled.total - float(coef @ (self._problem.target + slope))
        unsure = doubt(coef, square, scaled.total)
        gap = duality_gap(
            np.arange(len(coef)),
            coef,
            slope,
            scaled.l1,
            scaled.l2,
            scaled.lower,
            scaled.upper,
            square,
            alpha,
            max(unsure, residual_square),
        )
        return float(gap + unsure)

    def _descend(
        self, alpha: float, coef: Floats, goal: float, max_iter: int
    ) -> tuple[int, float]:
        """Sweep over ``coef`` until its duality gap is below ``goal``."""
        problem = self._problem
        scaled = self.scaled
        square = problem.gram.diagonal().copy()
        terms = coordinate_descent.Terms(
            scaled.l1, scaled.l2, scaled.lower, scaled.upper, square
        )
        tolerance = goal
        n_iter = 0
        while True:
            slope = problem.target - problem.gram @ coef
            n_iter += coordinate_descent.on_gram(
                problem.gram, terms, alpha, coef, slope, tolerance, max_iter - n_iter
            )
            self._fit_open(alpha, coef)
            slope = problem.target - problem.gram @ coef
            gap = self._gap(alpha, coef, slope)
            free = pushes_without_end(
                slope,
                alpha * (scaled.l1 + scaled.l2),
                scaled.lower,
                scaled.upper,
            )
            if gap <= goal and free.any():
                gap += excess(problem.gram[np.ix_(free, free)], slope[free])
            if gap <= goal or n_iter >= max_iter:
                return n_iter, gap
            tolerance *= min(0.1, goal / gap)

    def _fit_open(self, alpha: float, coef: Floats) -> None:
        """Fit unpenalised columns jointly, which sweeps are slow to do."""
        scaled = self.scaled
        penalty = alpha * (scaled.l1 + scaled.l2)
        columns = np.flatnonzero(are_open(coef, penalty, scaled.lower, scaled.upper))
        if not len(columns):
            return
        gram = self._problem.gram
        step = joint_step(
            gram[np.ix_(columns, columns)],
            self._problem.target[columns] - gram[columns] @ coef,
            coef[columns],
            scaled.lower[columns],
            scaled.upper[columns],
        )
        if step is not None:
            coef[columns] += step
