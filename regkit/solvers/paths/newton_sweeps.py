"""Newton's method by coordinate descent, where working sets are large.

What a path's Gram matrices and factors cost is counted and held against what sweeps
over the working set cost, in multiplications: sweeps take over where they are cheaper,
as large working sets are, and hand back where columns are so alike that they are not.
"""

from math import inf

import numpy as np

from regkit.kernels.linear.terms import Point
from regkit.solvers.paths.newton_model import MOST_COLUMNS
from regkit.solvers.paths.newton_steps import NewtonSteps
from regkit.solvers.paths.swept_model import SweptModel

# Fewer active columns have a factor that costs next to nothing.
_FEWEST = 200
# Sweeps are tried where so many of them cost less than Gram matrices and factors ...
_TRIAL = 40
# ... and given up where they have cost so many times as much, or a trial.
_BUDGET = 1.0
# They are not tried again before they are so many times cheaper in comparison.
_AGAIN = 2.0
# Quadratic models that are minimized at an alpha.
_SOLVES = 3.0
# Sweeps end at gaps of the model below this share of the last gap, or of the goal: ...
_PRECISION, _FINISH = 1e-2, 0.05
# ... the kernel's bound on the gap is about this many times too large.
_CAUTION = 24.0
_MOST_SWEEPS = 100_000
# While columns may be missing sweeps end at a gap of this share of the null deviance.
_COARSE_GOAL = 1e-5
# Gaps below this share of the null deviance are rounding errors.
_ROUNDED = 1e-12


class SweptSteps(NewtonSteps):
    """`NewtonSteps`, swept where that pays."""

    _is_started = False  # whether the null model has been found
    _is_coarse = False  # whether sweeps end at a larger gap
    # Settled alphas, and the ratio of costs from which on sweeps are tried.
    _n_settled = 0
    _tried_from: float = _TRIAL
    # Gram matrices at an alpha, before sweeps took over.
    _grams_each = 1.0

    @property
    def _may_sweep(self) -> bool:
        """Whether sweeps are for this problem."""
        is_plain = self._loss.elementwise is not None and self._damping == 0.0
        return is_plain and self._is_started and not self._takes_all

    def _cost_in_sweeps(self, n_new: int) -> float:
        """Return what an alpha costs by Gram matrices, in sweeps.

        ``n_new`` columns will be added to the working set.
        """
        model = self._model
        reading, forming = model.costs()
        growth = 1.0 + n_new / max(1, model.size)
        active = min(growth * model.n_active, float(self._design.max_rank))
        reading, forming, factor = growth * reading, growth**2 * forming, active**3 / 3
        # With an L2 penalty every solve makes a factor of its own.
        n_factors = _SOLVES if self.penalty.is_ridged else self._grams_each
        total = self._grams_each * forming + n_factors * factor
        total += _SOLVES * (reading + 4.0 * active**2)
        return total / max(growth * model.sweep_cost, 1.0)

    def _choose_model(self, n_new: int) -> None:
        """Go over to sweeps before ``n_new`` columns come where those are cheaper."""
        model = self._model
        if isinstance(model, SweptModel) or not self._may_sweep:
            return
        if model.size + n_new <= MOST_COLUMNS:
            if model.n_active < _FEWEST or not np.any(self.penalty.l1 > 0.0):
                return
            if self._n_settled:
                self._grams_each = model.n_grams / self._n_settled
            if self._cost_in_sweeps(n_new) < self._tried_from:
                return
        self._model = SweptModel.of(model, self._max_iter)
        self.name = "newton+coordinate_descent"
        self._weight = np.empty(0)
        self._is_coarse = True

    def _leave_sweeps(self) -> None:
        """Go back to Gram matrices."""
        swept = self._model
        self._model = self._new_model(False)
        self._model.add(swept.columns, swept.correlation)
        self._model.restart(swept.coef)
        self._model.n_grams = swept.n_grams
        self._weight = np.empty(0)
        self._products = None
        self._is_coarse = False

    def _solve(self, alpha: float, max_iter: int = 1000) -> int:
        model = self._model
        if not isinstance(model, SweptModel):
            return super()._solve(alpha, max_iter)
        n_iter = self._sweep(model, alpha, max_iter)
        least = max(self._swept_goal, _ROUNDED * self.null_deviance)
        is_done = self.gap <= least or model.size > MOST_COLUMNS
        if n_iter < max_iter and not is_done:
            self._tried_from = _AGAIN * self._cost_in_sweeps(0)
            self._leave_sweeps()
            n_iter += super()._solve(alpha, max_iter - n_iter)
        return n_iter

    def _sweep(self, model: SweptModel, alpha: float, max_iter: int) -> int:
        """Take Newton's steps until the gap over the working set is closed.

        Or until they have cost too much, or no longer come closer.
        """
        goal, null = self._swept_goal, self.null_deviance
        model.n_sweeps = n_iter = 0
        drop = 1.0 - alpha / self.alpha if alpha < self.alpha < inf else 1.0
        last, caution, patience = null * min(1.0, drop), _CAUTION, self._patience
        self._n_solves, self.gap = 0, inf
        while n_iter < max_iter and patience > 0:
            most = self._most_sweeps
            if model.n_sweeps >= most:
                break
            n_iter += 1
            self._form(alpha)
            inner = max(_FINISH * goal, last * min(_PRECISION, last / null))
            model.tolerance = caution * inner
            model.most_sweeps = int(min(_MOST_SWEEPS, most - model.n_sweeps))
            if not self._take_step(alpha):
                if self._is_stuck:
                    break
                continue
            self.gap = self._own_gap(alpha)
            if self.gap <= goal and self._is_balanced():
                break
            if model.is_exact and self._divergence <= 0.1 * self.gap:
                break
            if not self.gap <= 0.5 * last:
                patience -= 1
            rest = self.gap - self._divergence
            if rest > max(inner, self._divergence):
                caution *= max(0.01, 0.5 * inner / rest)
            last = min(last, self.gap)
        self.coef[model.columns] = model.coef
        return n_iter

    @property
    def _swept_goal(self) -> float:
        """The gap to come to, a larger one while columns may be missing."""
        if self._is_coarse and self._screen.outside.any():
            return max(self._goal, _COARSE_GOAL * self.null_deviance)
        return self._goal

    def _goes_on(self) -> bool:
        """Return whether it was to a larger gap, that no columns are missing at."""
        goes_on = self._is_coarse and self.gap > self._goal
        model = self._model
        self._is_coarse = isinstance(model, SweptModel) and not goes_on
        if isinstance(model, SweptModel):
            model.may_drop = not goes_on
        return goes_on

    @property
    def _most_sweeps(self) -> float:
        """After how many sweeps Gram matrices would have been cheaper."""
        if self._model.size > MOST_COLUMNS:
            return inf
        return max(_TRIAL, _BUDGET * self._cost_in_sweeps(0))

    def _own_gap(self, alpha: float) -> float:
        """Return the duality gap over the working set."""
        model, slope = self._model, self._screen.correlation
        self.coef[model.columns] = model.coef
        slope[model.columns] = model.correlation
        return self._certificate.gap(
            Point(model.columns, self.coef, slope),
            alpha,
            self.eta,
            self._dual,
            self._divergence,
            self._goal,
        )
