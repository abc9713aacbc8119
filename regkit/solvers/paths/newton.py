"""Paths of losses beyond squares: Newton's method on a working set, certified.

At each alpha a quadratic model of the loss (`newton_model`) is minimized exactly. Its
linearized residual u is dual feasible on the working set, so the gap is what the rows'
losses differ from their tangents' conjugates: of fourth order in the step where the
model's weights are new, of second order and a small factor where they are old. A
weighted Gram matrix therefore serves many alphas; between two of them the model is
moved to the present residual (chord steps), and it is formed anew where the measured
contraction says that this is cheaper. Outside of the working set columns are screened
as `walk` does, u in the residual's place.
"""

from math import inf
from typing import Any

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels.linear.loss_policy import LARGEST_DROP as DROP_OF_ALL
from regkit.kernels.linear.terms import Point
from regkit.solvers.paths.newton_compiled import CompiledSteps
from regkit.solvers.paths.screening import Request
from regkit.solvers.paths.walk import Asking

# An alpha below this share of its predecessor is approached in steps, longer ones with
# all columns in the working set; ...
LARGEST_DROP = 0.3
# ... each of them is solved to this share of the null deviance.
_COARSE_TOL = 1e-3
# Columns are admitted together with those that so many further alphas will need.
_LATER = 3
# The null model is solved to this share of it: alpha_max is what it leaves over.
_NULL_TOL = 1e-14


class NewtonPath(CompiledSteps):
    """Walks down the alphas; holds what one alpha hands to the next.

    Attributes
    ----------
    coef : ndarray (n_features,)
        The solution at ``alpha``, in the units of the design's columns.
    intercept : float
        Beside centered columns.
    gap : float
        Its duality gap.
    top : float
        The smallest alpha at which the null model is optimal.
    null_deviance : float
        The scale of ``tol``.
    """

    def screen(self) -> Asking[None]:
        """Look at all columns for the first time."""
        dual = self._root * self._dual
        answer = yield Request(dual, self._every)
        self._screen = self._screen_type(
            self._design, self.penalty, dual, answer.correlations
        )

    def start(self) -> Asking[None]:
        """Fit the unpenalized columns, which gives ``top``."""
        yield from self.screen()
        self._unpenalized = np.flatnonzero(self.penalty.is_unpenalized)
        if len(self._unpenalized) and self.null_deviance > 0.0:
            self._admit(self._unpenalized)
            goal, self._goal = self._goal, _NULL_TOL * self.null_deviance
            self._solve(1.0)
            self._goal = goal
            yield from self._correlate_all()
        self.top = self.alpha = self.penalty.largest_alpha(self._screen.correlation)
        self._is_started = True
        self._take_all()

    def _take_all(self) -> None:
        """Make all columns the working set where they are few."""
        if not self._takes_all or self.null_deviance == 0.0:
            return
        before = self._model
        self._model = self._new_model(not self._has_few_products(len(self.coef)))
        self._screen.outside[:] = False
        self._model.add(self._every, self._screen.correlation)
        self._model.restart(self.coef)
        self._weight = np.empty(0)
        self._model.n_grams = before.n_grams

    def _correlate_all(self) -> Asking[None]:
        dual = self._root * self._dual
        answer = yield Request(dual, self._every)
        self._screen.take(dual, answer)

    @property
    def support(self) -> Indices:
        """The columns of nonzero coefficients, ascending."""
        return np.flatnonzero(self.coef)

    @property
    def dual(self) -> Floats:
        """The dual point of the gap, (n,): each row's part of minus the gradient."""
        return self._dual

    @property
    def is_unique(self) -> bool:
        """False when the unpenalized columns are known to depend on each other."""
        # One class's coefficients of a column can be had from the others'.
        redundant = len(self._unpenalized) // np.size(self.intercept)
        if np.size(self.intercept) == 1:
            redundant = 0
        return self._model.n_refused(self._unpenalized) <= redundant

    @property
    def n_grams(self) -> int:
        """How many weighted Gram matrices were formed."""
        return self._model.n_grams

    def step(self, alpha: float) -> Asking[int]:
        """Solve for ``alpha``, below all before; return the model solves made."""
        if self.null_deviance == 0.0:
            self.alpha = alpha
            return 1
        if alpha >= self.alpha:
            yield from self._certify(alpha)
            return 1
        n_iter = 0
        goal = self._goal
        while self.alpha > alpha:
            following = self._next_alpha(alpha)
            if following > alpha:
                self._goal = max(goal, _COARSE_TOL * self.null_deviance)
            n_iter += yield from self._settle(following)
            self._goal = goal
        return n_iter

    def start_from(self, coef: Floats, intercept: Any) -> Asking[None]:
        """Take these for the solution at some unknown alpha.

        ``intercept`` belongs to columns that are not centered. Where the null model
        is nearer to y it is kept instead.
        """
        if self.null_deviance == 0.0:
            return
        design, model = self._design, self._model
        coef = np.where(
            self.penalty.is_open,
            np.clip(coef, self.penalty.lower, self.penalty.upper),
            0.0,
        )
        columns = np.flatnonzero(coef)
        self._admit(columns[self._screen.outside[columns]])
        eta = self.eta + model.combine(coef[model.columns] - model.coef)
        shift: Any = 0.0
        if design.fit_intercept:
            loss, n = self._loss, len(eta)
            shift = intercept + self._mean_effect(coef) - self.intercept
            eta = eta + loss.spread(shift, n)
            rest = loss.best_shift(self._y, self._share, eta, 0.0 * shift)
            shift, eta = shift + rest, eta + loss.spread(rest, n)
        value = self._loss.objective(self._y, self._share, eta)
        if not value <= self._loss.objective(self._y, self._share, self.eta):
            return
        self.eta = eta
        self.intercept = self.intercept + shift
        model.restart(coef[model.columns])
        self._choose_model(0)
        self.coef[:] = coef
        self._differentiate()
        self._dual = self._residual
        self._settled_curvature = self._curvature
        self._weight = np.empty(0)
        self._products = None
        yield from self._correlate_all()
        self._screen.forget_near()
        self.top = self.alpha = inf

    def _mean_effect(self, coef: Floats) -> Any:
        """Return what centering the columns takes from the intercepts."""
        effects = coef * self._design.offset / self._design.scale
        by_class = effects.reshape(np.size(self.intercept), -1).sum(axis=1)
        return self._loss.joined(by_class)

    def _next_alpha(self, alpha: float) -> float:
        drop = LARGEST_DROP if self._screen.outside.any() else DROP_OF_ALL
        following = drop * self.alpha
        if following <= alpha or self.alpha == inf or self.alpha <= 1e-3 * self.top:
            return alpha
        return following

    def _settle(self, alpha: float) -> Asking[int]:
        self._admit(self._expected(alpha))
        n_iter = 0
        while n_iter < self._max_iter:
            n_iter += self._solve(alpha, self._max_iter - n_iter)
            yield from self._certify(alpha)
            missed = self._screen.wanted(alpha, self._model.n_active)
            if len(missed):
                self._admit(missed)
            elif not self._goes_on():
                break
        self._settle_at(alpha, n_iter)
        self._n_settled += 1
        self._screen.settle(alpha)
        return n_iter

    def _settle_at(self, alpha: float, n_iter: int) -> None:
        """Take the present solution, found in so many steps, for that at ``alpha``."""
        self._settled_curvature = self._curvature
        self._may_extrapolate = self._loss.is_smooth
        self._n_solves = n_iter
        self.alpha = alpha

    def _expected(self, alpha: float) -> Indices:
        """Return columns that ``alpha`` will need, with those of the next alphas."""
        screen, n_active = self._screen, self._model.n_active
        coming = screen.coming(alpha, n_active)
        if coming is None:
            threshold = alpha
            if np.isfinite(self.alpha):
                threshold = max(2.0 * alpha - self.alpha, 0.8 * alpha)
            return screen.wanted(threshold, n_active)
        if len(coming):
            later = screen.coming(alpha * (alpha / self.alpha) ** _LATER, n_active)
            coming = coming if later is None else later
        return coming

    def _certify(self, alpha: float) -> Asking[None]:
        """Bring correlations up to date where they matter, and compute the gap."""
        columns, screen = self._model.columns, self._screen
        self.coef[columns] = self._model.coef
        screen.correlation[columns] = self._model.correlation
        undecided = columns[:0]
        if screen.outside.any():
            dual = self._root * self._dual
            undecided = screen.foresee(dual, alpha)
            if len(undecided):
                answer = yield screen.request(dual, undecided, columns[:0])
                screen.take(dual, answer)
        self._looked_at = np.concatenate([columns, undecided])
        certificate, divergence = self._certificate, self._divergence
        if certificate.loss is not self._loss:
            divergence = certificate.loss.divergence(
                self._y, self._share, self.eta, self._dual
            )
        if not self._is_balanced():
            # Of dual points zero is left.
            loss, rows = certificate.loss, (self._y, self._share, self.eta)
            self.gap = loss.deviance(*rows) + alpha * self.penalty.value(
                columns, self._model.coef
            )
            return
        self.gap = certificate.gap(
            Point(self._looked_at, self.coef, screen.correlation),
            alpha,
            self.eta,
            self._dual,
            divergence,
            self._goal,
        )

    def _admit(self, columns: Indices) -> None:
        if len(columns):
            self._choose_model(len(columns))
            self._screen.outside[columns] = False
            exact = self._design.correlate_columns(self._root * self._dual, columns)
            self._model.add(columns, exact)
