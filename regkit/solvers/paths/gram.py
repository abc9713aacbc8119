"""The path where the Gram matrix of all columns is formed at once.

With few columns, or many more rows than columns, one read of X gives everything the
path needs: each alpha then costs microseconds.
"""

import numpy as np

from regkit._types import Floats
from regkit.designs import Design
from regkit.kernels.linear import coordinate_descent
from regkit.kernels.linear.active_set_state import Problem
from regkit.kernels.linear.certificate import doubt
from regkit.kernels.linear.cholesky import BLOCK
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.certificate import certified_gap, within
from regkit.solvers.paths.solved import Solved
from regkit.solvers.paths.unpenalized import are_open, joint_step
from regkit.solvers.problem import Penalty, largest_alpha, scale_problem

# With this many columns at most, their Gram matrix is formed whatever the rows.
FEW_COLUMNS = 500
# With this many at most it is formed where there are more rows than columns.
COLUMNS_OF_TALL = 3000
# Unpenalized columns are refined where less than this share of one's square is its own.
_REFINED = 1e-6


def is_small(design: Design) -> bool:
    """Whether the Gram matrix of all columns is there, or worth forming at once."""
    p = design.n_features
    few = p <= FEW_COLUMNS or p <= min(COLUMNS_OF_TALL, design.n_samples)
    return few or design.has_gram


class CompleteGram:
    """The problem on the Gram matrix of all columns.

    Attributes
    ----------
    top : float
        The smallest alpha at which the null model is optimal.
    is_doubtful : bool
        Whether the unpenalized columns are so nearly dependent that their Gram matrix
        has too few digits.
    """

    def __init__(self, design: Design, y: Floats, penalty: Penalty) -> None:
        target, _ = design.center(y)
        gram, products = design.gram(target)
        self._begin(design, y, penalty, gram, products)

    def _begin(
        self,
        design: Design,
        y: Floats,
        penalty: Penalty,
        gram: Floats,
        products: Floats,
    ) -> None:
        """Go to the null model."""
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
        self._ridged = bool(np.any(scaled.l2 > 0.0))
        support = p if self._ridged else min(p, design.max_rank)
        self._state = pivoting.empty_state(p, support + 2 * BLOCK)
        self._state.correlation[:] = products
        self.is_doubtful = False
        is_free = (scaled.l1 == 0.0) & (scaled.l2 == 0.0)
        self._unpenalized = is_free & (scaled.upper > scaled.lower)
        if self._unpenalized.any():
            closed = np.where(self._unpenalized, scaled.upper, 0.0)
            opened = np.where(self._unpenalized, scaled.lower, 0.0)
            alone = self._problem._replace(lower=opened, upper=closed)
            self._fit_unpenalized(design, alone)
        self._terms = coordinate_descent.Terms(
            scaled.l1,
            scaled.l2,
            scaled.lower,
            scaled.upper,
            gram.diagonal().copy(),
        )
        self._every = np.arange(p)
        self.top = self._stone = largest_alpha(self._state.correlation, scaled)

    def _fit_unpenalized(self, design: Design, alone: Problem) -> None:
        """Bring the state to the null model: unpenalized columns alone.

        alpha_max is what their residual leaves to the others. A Gram matrix squares
        the condition of columns far from zero: there the residual itself is asked.
        """
        state = self._state
        self._minimize(alone, 1.0, 1000, False)
        k = state.size[0]
        pivots = state.factor.diagonal()[:k] ** 2
        squares = self._problem.gram.diagonal()
        if k < np.count_nonzero(self._unpenalized & (squares > 0.0)):
            # Dependent, or with too few digits to tell.
            self.is_doubtful = True
        if np.all(pivots > _REFINED * squares[state.active[:k]]):
            return
        self.is_doubtful = True
        for _ in range(pivoting.REFINEMENTS):
            residual = self.scaled.target - design.predict(state.coef)
            state.correlation[:] = design.correlate(residual)
            self._minimize(alone, 1.0, 1000, False)

    def _minimize(
        self, problem: Problem, alpha: float, max_iter: int, ridged: bool
    ) -> int:
        """Bring the state to the optimum at ``alpha``; count the systems."""
        state = self._state
        return pivoting.minimize(
            problem, state, len(state.coef), alpha, max_iter, ridged
        )

    def start_from(self, coef: Floats) -> None:
        """Take ``coef`` for the solution at some unknown alpha."""
        clipped = np.clip(coef, self._problem.lower, self._problem.upper)
        pivoting.set_coef(self._problem, self._state, clipped)
        products = self._problem.target + self._state.correlation
        if not clipped @ products >= 0.0:
            # Farther from y than zero is, maybe by orders of magnitude.
            pivoting.set_coef(self._problem, self._state, np.zeros_like(clipped))
        self.top = self._stone = np.inf

    def solve(
        self, alphas: Floats, tol: float, max_iter: int, limit: int, solver: str
    ) -> Solved:
        """Solve for ``alphas``, decreasing; stop at more than ``limit`` nonzeros."""
        goal = tol * self.scaled.null_objective
        sweeps = solver == "coordinate_descent"
        coef = self._state.coef.copy() if sweeps else self._state.coef
        coefs = np.empty((len(alphas), len(coef)))
        gaps = np.empty(len(alphas))
        n_iters = np.zeros(len(alphas), dtype=np.int64)
        done = 0
        for alpha in alphas.tolist():
            if sweeps:
                n_iters[done], gaps[done] = self._descend(alpha, coef, goal, max_iter)
            else:
                n_iters[done] = self._approach(alpha, max_iter)
                gaps[done] = self._gap(alpha, coef, self._state.correlation, goal)
            coefs[done] = coef
            if np.count_nonzero(coef) > limit:
                break
            done += 1
        free = self._state.free | (self._state.coef != 0.0)
        unique = sweeps or not np.any(self._unpenalized & ~free)
        name = "coordinate_descent" if sweeps else "active_set"
        at, indices = np.nonzero(coefs[:done])
        counts = np.bincount(at, minlength=done)
        return Solved(
            np.concatenate([[0], np.cumsum(counts)]),
            indices,
            coefs[at, indices],
            gaps[:done],
            n_iters[:done],
            unique,
            name,
        )

    def _approach(self, alpha: float, max_iter: int) -> int:
        """Bring the state to the optimum at ``alpha``, in steps; count the systems."""
        n_iter = 0
        while True:
            self._stone = pivoting.next_stone(self._stone, alpha, self.top)
            n_iter += self._minimize(self._problem, self._stone, max_iter, self._ridged)
            if self._stone <= alpha:
                self._stone = min(alpha, self.top)
                return n_iter

    def _gap(self, alpha: float, coef: Floats, slope: Floats, goal: float) -> float:
        scaled = self.scaled
        residual_square = scaled.total - float(coef @ (self._problem.target + slope))
        unsure = doubt(coef, self._terms.square, scaled.total)
        gap = certified_gap(
            self._every,
            coef,
            slope,
            self._terms,
            alpha,
            max(unsure, residual_square),
            scaled.total,
            goal - unsure,
            self._every,
            within(self._problem.gram),
            scaled.last_bits,
        )
        return gap + float(unsure)

    def _descend(
        self, alpha: float, coef: Floats, goal: float, max_iter: int
    ) -> tuple[int, float]:
        """Sweep over ``coef`` until its duality gap is below ``goal``."""
        problem, terms = self._problem, self._terms
        tolerance = goal
        n_iter = 0
        while True:
            slope = problem.target - problem.gram @ coef
            n_iter += coordinate_descent.on_gram(
                problem.gram, terms, alpha, coef, slope, tolerance, max_iter - n_iter
            )
            self._fit_open(alpha, coef)
            slope = problem.target - problem.gram @ coef
            gap = self._gap(alpha, coef, slope, goal)
            if gap <= goal or n_iter >= max_iter:
                return n_iter, gap
            tolerance *= min(0.1, goal / gap)

    def _fit_open(self, alpha: float, coef: Floats) -> None:
        """Fit unpenalized columns jointly, which sweeps are slow to do."""
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
