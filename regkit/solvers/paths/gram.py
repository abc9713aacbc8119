"""The path where the Gram matrix of all columns is formed at once.

With few columns, or many more rows than columns, one read of X gives everything the
path needs: each alpha then costs microseconds.
"""

import numpy as np

from regkit._types import Floats
from regkit.designs import Design
from regkit.kernels.linear import coordinate_descent
from regkit.kernels.linear.active_set_state import WorkingProblem
from regkit.kernels.linear.certificate import doubt
from regkit.kernels.linear.cholesky import BLOCK
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.certificate import Certificate, within
from regkit.solvers.paths.solved import Solved
from regkit.solvers.paths.unpenalized import are_open, joint_step
from regkit.solvers.problem import Penalty, scale_centered

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
        """Form the Gram matrix and go to the null model."""
        target, mean = design.center(y)
        gram, products = design.gram(target)
        # Only now: forming the Gram matrix has measured the columns.
        self.scaled = scale_centered(design, target, float(mean), penalty)
        scaled = self.scaled
        if scaled.total == 0.0:
            products = np.zeros_like(products)
        p = design.n_features
        own = scaled.penalty._replace(square=gram.diagonal().copy())
        self._penalty = own
        self._problem = WorkingProblem(gram, products, *own.by_column)
        self._ridged = own.is_ridged
        support = p if self._ridged else min(p, design.max_rank)
        self._state = pivoting.empty_state(p, support + 2 * BLOCK)
        self._state.correlation[:] = products
        self.is_doubtful = False
        self._unpenalized = own.is_unpenalized
        if self._unpenalized.any():
            # The boxes of all others are closed.
            upper = np.where(self._unpenalized, own.upper, 0.0)
            lower = np.where(self._unpenalized, own.lower, 0.0)
            alone = self._problem._replace(lower=lower, upper=upper)
            self._fit_unpenalized(design, alone)
        self._every = np.arange(p)
        self._certificate = Certificate(own, scaled.total, self._every, within(gram))
        self.top = self._reached = own.largest_alpha(self._state.correlation)

    def _fit_unpenalized(self, design: Design, alone: WorkingProblem) -> None:
        """Bring the state to the null model: unpenalized columns alone.

        alpha_max is what their residual leaves to the others. A Gram matrix squares
        the condition of columns far from zero: there the residual itself is asked.
        """
        state, n = self._state, len(self._state.coef)
        pivoting.minimize(alone, state, n, 1.0, 1000, False)
        k = state.size[0]
        pivots = state.factor.diagonal()[:k] ** 2
        squares = self._penalty.square
        if k < np.count_nonzero(self._unpenalized & (squares > 0.0)):
            # Dependent, or with too few digits to be sure.
            self.is_doubtful = True
        if np.all(pivots > _REFINED * squares[state.active[:k]]):
            return
        self.is_doubtful = True
        for _ in range(pivoting.REFINEMENTS):
            residual = self.scaled.target - design.predict(state.coef)
            state.correlation[:] = design.correlate(residual)
            pivoting.minimize(alone, state, n, 1.0, 1000, False)

    def start_from(self, coef: Floats) -> None:
        """Take ``coef`` for the solution at some unknown alpha."""
        clipped = np.clip(coef, self._problem.lower, self._problem.upper)
        pivoting.set_coef(self._problem, self._state, clipped)
        products = self._problem.target + self._state.correlation
        if not clipped @ products >= 0.0:
            # Farther from y than zero is, maybe by orders of magnitude.
            pivoting.set_coef(self._problem, self._state, np.zeros_like(clipped))
        self.top = self._reached = np.inf

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
            self._reached = pivoting.next_alpha(self._reached, alpha, self.top)
            n_iter += pivoting.minimize(
                self._problem,
                self._state,
                len(self._state.coef),
                self._reached,
                max_iter,
                self._ridged,
            )
            if self._reached <= alpha:
                self._reached = min(alpha, self.top)
                return n_iter

    def _gap(self, alpha: float, coef: Floats, slope: Floats, goal: float) -> float:
        scaled = self.scaled
        residual_square = scaled.total - float(coef @ (self._problem.target + slope))
        unsure = doubt(coef, self._penalty.square, scaled.total)
        gap = self._certificate.gap(
            self._every, coef, slope, alpha, max(unsure, residual_square), goal - unsure
        )
        return gap + float(unsure)

    def _descend(
        self, alpha: float, coef: Floats, goal: float, max_iter: int
    ) -> tuple[int, float]:
        """Sweep over ``coef`` until its duality gap is below ``goal``."""
        problem, terms = self._problem, self._penalty.terms
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
        scaled = self._penalty
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
