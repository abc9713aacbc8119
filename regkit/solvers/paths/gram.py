"""The path where the Gram matrix of all columns is formed at once.

With few columns, or many more rows than columns, one read of X gives everything the
path needs: each alpha then costs microseconds.
"""

from typing import Self

import numpy as np

from regkit._types import Floats
from regkit.designs import Design, GramTerms
from regkit.kernels.linear import coordinate_descent
from regkit.kernels.linear.active_set_state import WorkingProblem, Workspace
from regkit.kernels.linear.certificate import doubt
from regkit.kernels.linear.cholesky import BLOCK
from regkit.kernels.linear.gram_path import END, UNSOLVED, UNSURE, GramPathFound, follow
from regkit.kernels.linear.terms import Point
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.certificate import Certificate, within
from regkit.solvers.paths.unpenalized import are_open, joint_step
from regkit.solvers.problem import ROUNDED_MEAN, Penalty, ScaledPenalty, add_stops
from regkit.solvers.results import PathResult, Solved, as_result

# Unpenalized columns are refined where less than this share of one's square is its own.
_REFINED = 1e-6


def terms_of(design: Design, target: Floats, mean: float) -> GramTerms:
    """Return the products of a design's columns, and with a target it centered."""
    gram, products = design.gram(target)
    # Only now: forming the Gram matrix has measured the columns.
    return GramTerms(
        design.offset,
        design.scale,
        design.lengths,
        design.constant,
        gram,
        products,
        float(target @ target),
        mean,
        design.max_rank,
    )


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

    def __init__(self, terms: GramTerms, penalty: Penalty) -> None:
        """Go to the null model."""
        if terms.total**0.5 <= ROUNDED_MEAN * abs(terms.target_mean):
            terms = terms._replace(total=0.0, products=np.zeros_like(terms.products))
        self._terms, self._user_penalty = terms, penalty
        gram, products, p = terms.gram, terms.products, len(terms.products)
        own = ScaledPenalty.of(penalty, terms, terms.total**0.5)
        own = self._penalty = own._replace(square=gram.diagonal().copy())
        self._problem = WorkingProblem(gram, products, *own.by_column)
        self._ridged = own.is_ridged
        support = p if self._ridged else min(p, terms.max_rank)
        self._state = pivoting.empty_state(p, support + 2 * BLOCK)
        self._state.correlation[:] = products
        self.is_doubtful = False
        self._unpenalized = own.is_unpenalized
        if self._unpenalized.any():
            self._fit_unpenalized()
        self.top = own.largest_alpha(self._state.correlation)

    @classmethod
    def of_rows(cls, design: Design, y: Floats, penalty: Penalty) -> Self:
        """Return the problem of rows; `top` is right where `is_doubtful` too."""
        target, mean = design.center(y)
        complete = cls(terms_of(design, target, float(mean)), penalty)
        if complete.is_doubtful:
            complete._refine(design, target)
        return complete

    def _fit_unpenalized(self) -> None:
        """Bring the state to the null model: unpenalized columns alone.

        alpha_max is what their residual leaves to the others.
        """
        state, own = self._state, self._penalty
        # The boxes of all others are closed.
        self._alone = self._problem._replace(
            upper=np.where(self._unpenalized, own.upper, 0.0),
            lower=np.where(self._unpenalized, own.lower, 0.0),
        )
        pivoting.minimize(self._alone, state, len(state.coef), 1.0, False, 1000)
        k = state.size[0]
        pivots = state.factor.diagonal()[:k] ** 2
        self._has_small_pivot = np.any(
            pivots <= _REFINED * own.square[state.active[:k]]
        )
        # Dependent, or with too few digits to be sure.
        is_refused = k < np.count_nonzero(self._unpenalized & (own.square > 0.0))
        self.is_doubtful = bool(is_refused or self._has_small_pivot)

    def _refine(self, design: Design, target: Floats) -> None:
        """Fit the unpenalized columns to what the residual itself leaves over.

        A Gram matrix squares the condition of columns far from zero.
        """
        state = self._state
        if not self._has_small_pivot:
            return
        if self._terms.total == 0.0:
            target = np.zeros_like(target)
        for _ in range(pivoting.REFINEMENTS):
            residual = target - design.predict(state.coef)
            state.correlation[:] = design.correlate(residual)
            pivoting.minimize(self._alone, state, len(state.coef), 1.0, False, 1000)
        self.top = self._penalty.largest_alpha(state.correlation)

    def start_from(self, coef: Floats) -> None:
        """Take ``coef`` for the solution at some unknown alpha."""
        clipped = np.clip(coef, self._problem.lower, self._problem.upper)
        pivoting.set_coef(self._problem, self._state, clipped)
        products = self._problem.target + self._state.correlation
        if not clipped @ products >= 0.0:
            # Farther from y than zero is, maybe by orders of magnitude.
            pivoting.set_coef(self._problem, self._state, np.zeros_like(clipped))
        self.top = np.inf

    def solve(
        self, alphas: Floats, tol: float, max_iter: int, limit: int, solver: str
    ) -> PathResult:
        """Solve for ``alphas``, decreasing; stop at more than ``limit`` nonzeros."""
        terms, goal = self._terms, tol * 0.5 * self._terms.total
        walk = self._sweep if solver == "coordinate_descent" else self._pivot
        solved = walk(alphas, goal, max_iter, limit)
        return as_result(terms, self._user_penalty, terms, alphas, solved, tol)

    def _pivot(self, alphas: Floats, goal: float, max_iter: int, limit: int) -> Solved:
        """Solve by block pivoting, one alpha after the other."""
        problem, state, square = self._problem, self._state, self._penalty.square
        stops, is_kept = add_stops(alphas, self.top)
        found = _room_for(len(alphas), len(square))
        p = len(square)
        last = np.zeros((2, p))
        work = Workspace(
            np.empty(p, dtype=np.bool_),
            np.empty(p, dtype=np.int64),
            np.empty(2 * p, dtype=np.int64),
            np.empty(p),
            np.empty(p),
            np.zeros(1, dtype=np.int64),
            np.full(1, np.nan),
        )
        at, event = 0, END
        while True:
            at, event, n_iter = follow(
                problem,
                state,
                work,
                square,
                self._terms.total,
                goal,
                stops,
                is_kept,
                found,
                last,
                at,
                event,
                max_iter,
                self._ridged,
                limit,
            )
            k = found.size[0]
            if event == UNSOLVED:
                # Loaded here: block pivoting nearly always settles.
                from regkit.kernels.linear.primal import minimize_from

                found.n_iter[k] += minimize_from(
                    problem, state, last[0], stops[at], max_iter - n_iter
                )
                # Another factor, and maybe other sides.
                work.known[0], work.met[0] = 0, np.nan
            elif event == UNSURE:
                found.gaps[k] = self._gap(
                    stops[at], state.coef, state.correlation, goal
                )
            else:
                break
        is_unique = True
        if self._unpenalized.any():
            stays = (state.coef == 0.0) & pivoting.stays_inside(problem, state)
            is_unique = not np.any(self._unpenalized & stays)
        stored = found.starts[k]
        return Solved(
            found.starts[: k + 1],
            found.columns[:stored].copy(),
            found.values[:stored].copy(),
            found.gaps[:k],
            found.residual_squares[:k],
            found.n_iter[:k],
            is_unique,
            "active_set",
        )

    def _gap(self, alpha: float, coef: Floats, slope: Floats, goal: float) -> float:
        """Return the best duality gap that is known where it exceeds ``goal``."""
        own, gram, total = self._penalty, self._terms.gram, self._terms.total
        residual_square = self._residual_square(coef, slope)
        every = np.arange(len(coef))
        unsure = doubt(coef, own.square, total)
        certificate = Certificate(own, total, every, within(gram))
        at = Point(every, coef, slope)
        gap = certificate.gap(at, alpha, max(unsure, residual_square), goal - unsure)
        return gap + float(unsure)

    def _residual_square(self, coef: Floats, slope: Floats) -> float:
        return self._terms.total - float(coef @ (self._terms.products + slope))

    def _sweep(self, alphas: Floats, goal: float, max_iter: int, limit: int) -> Solved:
        """Solve by coordinate descent, one alpha after the other."""
        coef = self._state.coef.copy()
        coefs = np.empty((len(alphas), len(coef)))
        gaps, squares = np.empty((2, len(alphas)))
        n_iters = np.zeros(len(alphas), dtype=np.int64)
        done = 0
        for alpha in alphas.tolist():
            n_iters[done], gaps[done], square = self._descend(
                alpha, coef, goal, max_iter
            )
            squares[done] = max(0.0, square)
            coefs[done] = coef
            if np.count_nonzero(coef) > limit:
                break
            done += 1
        at, indices = np.nonzero(coefs[:done])
        return Solved(
            np.concatenate([[0], np.cumsum(np.bincount(at, minlength=done))]),
            indices,
            coefs[at, indices],
            gaps[:done],
            squares[:done],
            n_iters[:done],
            True,
            "coordinate_descent",
        )

    def _descend(
        self, alpha: float, coef: Floats, goal: float, max_iter: int
    ) -> tuple[int, float, float]:
        """Sweep over ``coef`` until its duality gap is below ``goal``.

        Returns the sweeps made, the gap, and the residual's square.
        """
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
                return n_iter, gap, self._residual_square(coef, slope)
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


def _room_for(n_alphas: int, n_features: int) -> GramPathFound:
    most = n_alphas * n_features  # of which memory is given to what is written
    return GramPathFound(
        np.empty(most, dtype=np.int64),
        np.empty(most),
        np.zeros(n_alphas + 1, dtype=np.int64),
        np.empty(n_alphas),
        np.empty(n_alphas),
        np.zeros(n_alphas, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
    )
