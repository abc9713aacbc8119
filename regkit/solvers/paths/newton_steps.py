"""Newton's method on a working set: quadratic models, steps and when to renew them.

The part of `regkit.solvers.paths.newton` that stays at one alpha.
"""

from math import ceil, inf, log
from typing import Any

import numpy as np

from regkit._types import EPS, Floats
from regkit.designs.protocols import WeightedDesign
from regkit.kernels.linear import losses
from regkit.kernels.linear.loss_policy import (
    AHEAD,
    BALANCED,
    CLOSE,
    LEAST_FALL,
    LEAST_WEIGHT,
    MOST_WEIGHT,
    PATIENCE,
    RISE,
    WORST_CONTRACTION,
)
from regkit.solvers.losses import (
    LossTask,
    PathLoss,
    is_met,
    null_intercept,
    overflowing,
)
from regkit.solvers.paths.certificate import LossCertificate
from regkit.solvers.paths.newton_model import NewtonModel
from regkit.solvers.paths.screening import Screen
from regkit.solvers.problem import Penalty, ScaledPenalty

# With this many columns and this many entries at most all make the working set.
FEW_COLUMNS = 500
_FEW_ENTRIES = 1 << 18
# Zero columns stay in the working set while their correlation is above this share of
# the threshold, when the model is formed anew; where it is formed for several alphas,
# also while it is near to the threshold of the last.
_KEPT, _KEPT_AHEAD = 0.97, 1.03
_HALVINGS = 60
# Below this share of the null deviance a gap that steps do not lower is rounding error.
_NEAR = 1e-6
# Of a loss without curvature every second model is damped after so many steps.
_UNDAMPED = 4


class NewtonSteps:
    """The state of a path, and the minimization over its working set.

    See `regkit.solvers.paths.newton.NewtonPath` for its attributes.
    """

    name = "newton"
    _model_type = NewtonModel
    _screen_type = Screen
    _screen: Screen  # from the first products of the columns on
    # Rows of no curvature get this much in damped models, where those are called for.
    _damping = 0.0
    # Steps in a row that may leave more than half of the gap.
    _patience = PATIENCE

    def __init__(
        self,
        design: WeightedDesign,
        task: LossTask,
        penalty: Penalty,
        judge: PathLoss | None = None,
    ) -> None:
        """Take the problem; `start` goes to the null model.

        The gap is that of ``judge`` where the loss is a smoothed form of it.
        """
        loss, y, offset = task.loss, task.y, task.offset
        judge = loss if judge is None else judge
        self._design, self._loss, self._y = design, loss, y
        self._tol, self._max_iter = task.tol, task.max_iter
        self._share = design.weights
        self._root = np.sqrt(self._share)
        n, p = design.n_samples, design.n_features
        self.eta = np.zeros(n) if offset is None else offset.astype(np.float64)
        self.intercept: Any = 0.0
        if design.fit_intercept:
            self.intercept = null_intercept(loss, y, self._share, self.eta)
            self.eta = self.eta + loss.spread(self.intercept, n)
        self._differentiate()
        self._dual = self._residual.copy()
        self.null_deviance = judge.deviance(y, self._share, self.eta)
        if is_met(y, self._share, self.eta, self._residual):
            self.null_deviance = 0.0
            self._dual[:] = 0.0
        self._judge = judge
        # What the deviance of a solution is its mean loss less of.
        self._least_value = self._value() - self.null_deviance
        self._goal = self._tol * self.null_deviance
        self.penalty = self._scale(penalty)
        self._certificate = LossCertificate(
            self.penalty, judge, y, self._share, self.null_deviance
        )
        self._every = np.arange(p)
        self._takes_all = p <= FEW_COLUMNS and n * p <= _FEW_ENTRIES
        self.coef = np.zeros(p)
        self._looked_at = self._every
        self._model = self._new_model(False)
        self._weight = np.empty(0)  # the model's, not yet times the shares
        self._settled_curvature = self._curvature
        self._since = np.zeros(n)  # change of eta since the model's residual was exact
        self._is_exact = True
        self._may_extrapolate = False
        self._least_curvature = 0.0
        # The dual point whose balance was last asked for, and what came out.
        self._judged, self._judgment = np.empty(0), False
        self._is_stuck = False  # no step is short enough for the objective to fall
        self._contraction = inf
        self._divergence = 0.0
        # The columns' products with the rows' own residual, where they are known.
        self._products: Floats | None = None
        self._n_solves = 0
        # Models are formed for alphas down to this one, where that is known.
        self._least_alpha = inf
        self.gap = 0.0
        self.top = self.alpha = inf

    def _scale(self, penalty: Penalty) -> ScaledPenalty:
        curvature = float(self._share @ self._curvature)
        size = float(self._share @ self._residual**2) ** 0.5 + curvature
        scaled = ScaledPenalty.of(penalty, self._design, size)
        return scaled._replace(square=scaled.square * curvature)

    def _new_model(self, takes_all: bool) -> NewtonModel:
        design = self._design
        return self._model_type(
            design.weighted_columns(takes_all),
            self.penalty,
            design.max_rank,
            design.fit_intercept,
            self._max_iter,
        )

    def _solve(self, alpha: float, max_iter: int = 1000) -> int:
        """Minimize over the working set until the rows' part of the gap is small."""
        if not len(self._weight):
            self._form(alpha)
        elif self._n_solves == 1:
            self._rebase()
        return self._take_steps(alpha, max_iter)

    def _take_steps(self, alpha: float, max_iter: int) -> int:
        model, goal = self._model, 0.5 * self._goal
        last, patience = inf, self._patience
        near = _NEAR * self.null_deviance
        self._n_solves = 0
        n_iter = 0
        while n_iter < max_iter:
            n_iter += 1
            is_damped = self._least_curvature > 0.0
            if not self._take_step(alpha):
                if self._is_stuck and (is_damped or self._damping == 0.0):
                    break
                self._damp(self._is_stuck)
                self._form(alpha)
                continue
            if self._divergence <= goal and self._has_settled(alpha):
                break
            if not self._divergence <= 0.5 * last:
                # (Far away, steps that lower the objective need not lower the gap.)
                patience -= self._damping > 0.0 or self._divergence <= near
                if patience == 0:
                    break
            else:
                patience = self._patience
            last = min(last, self._divergence)
            self._damp(not is_damped and n_iter >= _UNDAMPED)
            if is_damped or self._wants_new_gram(goal):
                self._form(alpha)
            else:
                self._rebase()
        self.coef[model.columns] = model.coef
        return n_iter

    def _damp(self, is_damped: bool) -> None:
        """Have the next model's step shortened, or not."""
        self._least_curvature = self._damping if is_damped else 0.0

    def _has_settled(self, alpha: float) -> bool:
        """Return whether the dual point is one, and the model was minimized.

        It need not have a minimum where steps are damped.
        """
        if not self._is_balanced():
            return False
        return self._damping == 0.0 or self._model.is_settled(alpha)

    def _is_balanced(self) -> bool:
        """Return whether the dual point is orthogonal to the intercepts."""
        if not self._design.fit_intercept:
            return True
        if self._judged is self._dual:
            return self._judgment
        worst, size, terms = losses.balance(
            self._y, self._share, self._dual, np.size(self.intercept)
        )
        # Of rows that are nearly met a residual is a difference of larger numbers.
        self._judged = self._dual
        self._judgment = bool(worst <= BALANCED * size + 16.0 * EPS * terms)
        return self._judgment

    def _value(self) -> float:
        """Return the mean loss at ``eta``."""
        return self._judge.value_at(
            self._y, self._share, self.eta, self._residual, self._curvature
        )

    @property
    def deviance(self) -> float:
        """The mean loss at ``eta`` above the least that any predictor could reach."""
        return max(0.0, self._value() - self._least_value)

    def _differentiate(self) -> None:
        n = len(self.eta)
        self._residual, self._curvature = np.empty(n), np.empty(n)
        self._loss.differentiate(
            self._y, self._share, self.eta, self._residual, self._curvature
        )

    def _form(self, alpha: float) -> None:
        """Form the model with new weights around the present coefficients."""
        weight = np.maximum(self._curvature, self._least_curvature)
        if self._may_extrapolate and alpha >= CLOSE * self.alpha:
            ahead = weight + AHEAD * (weight - self._settled_curvature)
            most = np.minimum(MOST_WEIGHT * weight, self._loss.curvature_bound)
            weight = np.clip(ahead, LEAST_WEIGHT * weight, most)
        self._may_extrapolate = False
        self._weight = weight
        self._dual = self._residual
        model = self._model
        keeps_all = self._takes_all and model.size == len(self.coef)
        self._model.form(
            self._share * weight,
            self._share * self._dual,
            self._products,
            0.0 if keeps_all else min(_KEPT * alpha, _KEPT_AHEAD * self._least_alpha),
        )
        self._since = np.zeros_like(self.eta)
        self._is_exact = True
        kept = np.zeros(len(self.coef), dtype=np.bool_)
        kept[model.columns] = True
        self.coef[~kept] = 0.0
        self._screen.outside[:] = ~kept & self.penalty.is_open

    def _rebase(self) -> None:
        """Go on with the present coefficients' own residual."""
        self._dual = self._residual
        self._model.rebase(self._share * self._dual, self._products)
        self._since = np.zeros_like(self.eta)
        self._is_exact = True

    def _take_step(self, alpha: float) -> bool:
        """Go to the model's minimum, or as far as the objective falls enough.

        Returns whether it was the whole way.
        """
        model = self._model
        before = model.coef.copy()
        rows = self._loss.rows(self._y, self._share, self.eta, self._dual, self._weight)
        step, shift = model.minimize(alpha)
        with overflowing():
            self._divergence, self._products = model.advance(step, shift, rows)
        # (Of several classes the rows have a matrix.)
        self._residual = rows.residual.reshape(-1)
        self._curvature = rows.curvature.reshape(-1)
        change, reached = rows.change.reshape(-1), rows.reached.reshape(-1)
        since = self._since + change
        moved = self._loss.model_square(self._share, self._weight, since)
        # The objective falls by what the rows' gap at the old point exceeds that at
        # the new one, so surely where the step leaves little of it.
        self._contraction = 2.0 * self._divergence / moved if moved > 0.0 else inf
        is_sure = self._contraction <= WORST_CONTRACTION
        if not (is_sure or self._divergence <= self._goal):
            value = self._loss.objective(self._y, self._share, reached)
            start = self._loss.objective(self._y, self._share, self.eta)
            start += alpha * self.penalty.value(model.columns, before)
            rise = value + alpha * self.penalty.value(model.columns, model.coef) - start
            is_far = not np.abs(change).max() <= self._loss.longest_step
            most = RISE * self.null_deviance - LEAST_FALL * moved
            if is_far or not rise <= most:
                self._shorten(alpha, before, step, shift, change, start)
                return False
        self.eta, self._dual = reached, rows.moved.reshape(-1)
        self.intercept = self.intercept + self._loss.joined(shift)
        self._since = since
        self._is_exact = False
        return True

    def _shorten(
        self,
        alpha: float,
        before: Floats,
        step: Floats,
        shift: Floats,
        change: Floats,
        start: float,
    ) -> None:
        """Halve the step until the objective falls; not at all from a tangent."""
        model, eta = self._model, self.eta
        self._is_stuck = self._is_exact
        furthest = float(np.abs(change).max())
        length = min(1.0, 2.0 * self._loss.longest_step / max(furthest, 1.0))
        for _ in range(_HALVINGS if self._is_exact else 0):
            length *= 0.5
            coef = before + length * step
            value = self._loss.objective(self._y, self._share, eta + length * change)
            if value + alpha * self.penalty.value(model.columns, coef) <= start:
                model.restart(coef)
                self.eta = eta + length * change
                self.intercept = self.intercept + length * self._loss.joined(shift)
                self._is_stuck = False
                break
        else:
            model.restart(before)
        self._products = None
        self._differentiate()

    def _wants_new_gram(self, goal: float) -> bool:
        """Return whether a new Gram matrix is cheaper than chord steps with the old."""
        contraction = self._contraction
        if not contraction <= WORST_CONTRACTION:
            return True
        if not 0.0 < goal < self._divergence:
            return self._damping > 0.0
        needed = ceil(log(self._divergence / goal) / -log(max(contraction, 1e-16)))
        return self._model.is_gram_cheaper(needed - 1)
