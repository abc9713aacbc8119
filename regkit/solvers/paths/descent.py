"""Coordinate descent on a growing working set, residual kept up to date."""

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels.linear import coordinate_descent as kernels
from regkit.kernels.linear.terms import Point
from regkit.solvers.paths.certificate import Certificate, Products
from regkit.solvers.paths.unpenalized import MOST, are_open, joint_step
from regkit.solvers.paths.working_set import WorkingSet
from regkit.solvers.problem import sum_of_squares

# The kernel's bound on the gap is about this many times too large at first.
_CAUTION = 24.0


class Descent(WorkingSet):
    """An inner solver for supports too large for a factor."""

    name = "coordinate_descent"

    def _begin(self) -> None:
        self._store = self._design.columns()
        self._coef = np.empty(0)
        self._penalty = self._full.penalty.restricted(self.columns)
        # The residual and correlations of the coefficients, once computed.
        self._reached: tuple[Floats, Floats] | None = None

    def add(self, columns: Indices) -> None:
        self.columns = np.concatenate([self.columns, columns])
        self._coef = np.concatenate([self._coef, np.zeros(len(columns))])
        self._penalty = self._full.penalty.restricted(self.columns)
        self._store.append(columns)
        self._reached = None

    def restart(self, coef: Floats) -> None:
        self._coef = coef.copy()
        self._reached = None

    def minimize(self, alpha: float, goal: float) -> int:
        """Sweep until the duality gap over the working set is below ``goal``."""
        block, places = self._store.block()
        target, coef, penalty = self._full.target, self._coef, self._penalty
        every = np.arange(len(coef))
        certificate = Certificate(penalty, self._full.total, every, self.gathered)
        tolerance = _CAUTION * goal
        n_iter = 0
        while n_iter < self._max_iter:
            state = self._store.sweep_residual(target, coef)
            n_iter += kernels.on_residual(
                block,
                places,
                penalty.terms,
                alpha,
                coef,
                state,
                tolerance,
                self._max_iter - n_iter,
            )
            self._fit_open(alpha)
            residual = self._store.residual(target, coef)
            slope = self._store.correlate(residual)
            self._reached = residual, slope
            square = sum_of_squares(residual)
            gap = certificate.gap(Point(every, coef, slope), alpha, square, goal)
            if gap <= goal:
                break
            tolerance *= min(0.5, goal / gap)
        return n_iter

    def coef(self) -> Floats:
        return self._coef

    def residual(self) -> Floats:
        if self._reached is not None:
            return self._reached[0]
        return self._store.residual(self._full.target, self._coef)

    def correlate(self, residual: Floats) -> Floats:
        if self._reached is not None and residual is self._reached[0]:
            return self._reached[1]
        return self._store.correlate(residual)

    def gathered(self, chosen: Indices) -> Products:
        store = self._design.columns()
        store.append(self.columns[chosen])
        nothing = np.zeros(len(self._full.target))

        def shift(step: Floats) -> Floats:
            return -self._store.correlate(store.residual(nothing, step))

        return store.gram(0), shift

    def _fit_open(self, alpha: float) -> None:
        """Fit unpenalized columns jointly, which sweeps are slow to do."""
        terms, coef = self._penalty, self._coef
        penalty = alpha * (terms.l1 + terms.l2)
        open_ = np.flatnonzero(are_open(coef, penalty, terms.lower, terms.upper))
        if not 0 < len(open_) <= MOST:
            return
        columns = self.columns[open_]
        store = self._design.columns()
        store.append(columns)
        step = joint_step(
            store.gram(0),
            self._design.correlate_columns(
                self._store.residual(self._full.target, coef), columns
            ),
            coef[open_],
            terms.lower[open_],
            terms.upper[open_],
        )
        if step is not None:
            coef[open_] += step

    @property
    def is_doubtful(self) -> bool:
        return False

    def n_refused(self, columns: Indices) -> int:
        return 0

    def refresh(self, correlation: Floats) -> None:
        """Sweeps recompute correlations as they go: nothing to take."""
