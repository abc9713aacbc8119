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

from math import ceil, inf, log
from typing import Any

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs.protocols import WeightedDesign
from regkit.solvers.losses import PathLoss, is_met, null_intercept, overflowing
from regkit.solvers.paths.certificate import LossCertificate
from regkit.solvers.paths.newton_model import NewtonModel
from regkit.solvers.paths.screening import Request, Screen
from regkit.solvers.paths.walk import Asking
from regkit.solvers.problem import Penalty, ScaledPenalty

# With this many columns and this many entries at most all make the working set.
FEW_COLUMNS = 500
_FEW_ENTRIES = 1 << 18
# An alpha below this share of its predecessor is approached in steps, ...
_LARGEST_DROP = 0.3
# ... each of them solved to this share of the null deviance.
_COARSE_TOL = 1e-3
# The null model is solved to this share of it: alpha_max is what it leaves over.
_NULL_TOL = 1e-14
# A model whose chord steps leave more than this of a gap is formed anew.
_WORST_CONTRACTION = 0.3
# Zero columns stay in the working set while their correlation is above this share of
# the threshold, when the model is formed anew.
_KEPT = 0.93
# Weights are extrapolated by so many times their change since the last alpha, ...
_AHEAD = 2.0
# ... once an alpha, where that is at least this share of the last, ...
_CLOSE = 0.85
# ... within these factors of their present value.
_LEAST_WEIGHT, _MOST_WEIGHT = 0.3, 3.0
# Rises of the objective up to this share of the null deviance are rounding errors.
_RISE = 1e-12
_HALVINGS = 60
# A dual point's sum below this share of its absolute entries' sum is rounding error.
_BALANCED = 1e-11
# Of a loss without curvature every second model is damped after so many steps.
_UNDAMPED = 4


class NewtonPath:
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

    name = "newton"
    # Rows of no curvature get this much in damped models, where those are called for.
    _damping = 0.0
    # Steps in a row that may leave more than half of the gap.
    _patience = 8

    def __init__(
        self,
        design: WeightedDesign,
        loss: PathLoss,
        y: Floats,
        penalty: Penalty,
        *,
        offset: Floats | None,
        tol: float,
        max_iter: int,
        judge: PathLoss | None = None,
    ) -> None:
        """Take the problem; `start` goes to the null model.

        The gap is that of ``judge`` where ``loss`` is a smoothed form of it.
        """
        judge = loss if judge is None else judge
        self._design, self._loss, self._y = design, loss, y
        self._tol, self._max_iter = tol, max_iter
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
        self._goal = tol * self.null_deviance
        self.penalty = self._scale(penalty)
        self._certificate = LossCertificate(
            self.penalty, judge, y, self._share, self.null_deviance
        )
        self._every = np.arange(p)
        self._takes_all = p <= FEW_COLUMNS and n * p <= _FEW_ENTRIES
        self.coef = np.zeros(p)
        dual = self._root * self._dual
        self._screen = Screen(design, self.penalty, dual, design.correlate(dual))
        self._looked_at = self._every
        self._model = self._new_model(False)
        self._weight = np.empty(0)  # the model's, not yet times the shares
        self._settled_curvature = self._curvature
        self._since = np.zeros(n)  # change of eta since the model's residual was exact
        self._is_exact = True
        self._may_extrapolate = False
        self._least_curvature = 0.0
        self._is_stuck = False  # no step is short enough for the objective to fall
        self._contraction = inf
        self._divergence = 0.0
        # The columns' products with the rows' own residual, where they are known.
        self._products: Floats | None = None
        self._n_solves = 0
        self.gap = 0.0
        self.top = self.alpha = inf

    def _scale(self, penalty: Penalty) -> ScaledPenalty:
        curvature = float(self._share @ self._curvature)
        size = float(self._share @ self._residual**2) ** 0.5 + curvature
        scaled = ScaledPenalty.of(penalty, self._design, size)
        return scaled._replace(square=scaled.square * curvature)

    def _new_model(self, takes_all: bool) -> NewtonModel:
        design = self._design
        return NewtonModel(
            design.weighted_columns(takes_all),
            self.penalty,
            design.max_rank,
            design.fit_intercept,
            self._max_iter,
        )

    def start(self) -> Asking[None]:
        """Fit the unpenalized columns, which gives ``top``."""
        self._unpenalized = np.flatnonzero(self.penalty.is_unpenalized)
        if len(self._unpenalized) and self.null_deviance > 0.0:
            self._admit(self._unpenalized)
            goal, self._goal = self._goal, _NULL_TOL * self.null_deviance
            self._solve(1.0)
            self._goal = goal
            yield from self._correlate_all()
        self.top = self.alpha = self.penalty.largest_alpha(self._screen.correlation)
        self._take_all()

    def _take_all(self) -> None:
        """Make all columns the working set where they are few."""
        if not self._takes_all or self.null_deviance == 0.0:
            return
        before = self._model
        self._model = self._new_model(True)
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
        following = _LARGEST_DROP * self.alpha
        if following <= alpha or self.alpha == inf or self.alpha <= 1e-3 * self.top:
            return alpha
        return following

    def _settle(self, alpha: float) -> Asking[int]:
        threshold = alpha
        if np.isfinite(self.alpha):
            threshold = max(2.0 * alpha - self.alpha, 0.8 * alpha)
        self._admit(self._screen.wanted(threshold, self._model.n_active))
        n_iter = 0
        while n_iter < self._max_iter:
            n_iter += self._solve(alpha, self._max_iter - n_iter)
            yield from self._certify(alpha)
            missed = self._screen.wanted(alpha, self._model.n_active)
            if len(missed):
                self._admit(missed)
                continue
            break
        self._settled_curvature = self._curvature
        self._may_extrapolate = self._loss.is_smooth
        self._n_solves = n_iter
        self.alpha = alpha
        return n_iter

    def _solve(self, alpha: float, max_iter: int = 1000) -> int:
        """Minimize over the working set until the rows' part of the gap is small."""
        model, goal = self._model, 0.5 * self._goal
        last, patience = inf, self._patience
        if not len(self._weight):
            self._form(alpha)
        elif self._n_solves == 1:
            self._rebase()
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
                patience -= 1
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
        """Return whether the model was minimized: it need not have a minimum."""
        if self._damping == 0.0:
            return True
        return self._is_balanced() and self._model.is_settled(alpha)

    def _is_balanced(self) -> bool:
        """Return whether the dual point is orthogonal to the intercepts."""
        if not self._design.fit_intercept:
            return True
        weighted = self._share * self._dual
        by_class = weighted.reshape(np.size(self.intercept), -1)
        size = float(np.abs(weighted).sum())
        return bool(np.all(np.abs(by_class.sum(axis=1)) <= _BALANCED * size))

    def _differentiate(self) -> None:
        n = len(self.eta)
        self._residual, self._curvature = np.empty(n), np.empty(n)
        self._loss.differentiate(
            self._y, self._share, self.eta, self._residual, self._curvature
        )

    def _form(self, alpha: float) -> None:
        """Form the model with new weights around the present coefficients."""
        weight = np.maximum(self._curvature, self._least_curvature)
        if self._may_extrapolate and alpha >= _CLOSE * self.alpha:
            ahead = weight + _AHEAD * (weight - self._settled_curvature)
            most = np.minimum(_MOST_WEIGHT * weight, self._loss.curvature_bound)
            weight = np.clip(ahead, _LEAST_WEIGHT * weight, most)
        self._may_extrapolate = False
        self._weight = weight
        self._dual = self._residual
        model = self._model
        keeps_all = self._takes_all and model.size == len(self.coef)
        self._model.form(
            self._share * weight,
            self._share * self._dual,
            self._products,
            0.0 if keeps_all else _KEPT * alpha,
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
        """Go to the model's minimum, or as far as the objective falls.

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
        is_sure = self._contraction <= _WORST_CONTRACTION
        if not (is_sure or self._divergence <= self._goal):
            value = self._loss.objective(self._y, self._share, reached)
            start = self._loss.objective(self._y, self._share, self.eta)
            start += alpha * self.penalty.value(model.columns, before)
            rise = value + alpha * self.penalty.value(model.columns, model.coef) - start
            if not rise <= _RISE * self.null_deviance:
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
        length = 1.0
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
        if not contraction <= _WORST_CONTRACTION:
            return True
        if not 0.0 < goal < self._divergence:
            return self._damping > 0.0
        needed = ceil(log(self._divergence / goal) / -log(max(contraction, 1e-16)))
        return self._model.is_gram_cheaper(needed - 1)

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
            self._looked_at,
            self.coef,
            screen.correlation,
            alpha,
            self.eta,
            self._dual,
            divergence,
            self._goal,
        )

    def _admit(self, columns: Indices) -> None:
        if len(columns):
            self._screen.outside[columns] = False
            exact = self._design.correlate_columns(self._root * self._dual, columns)
            self._model.add(columns, exact)
