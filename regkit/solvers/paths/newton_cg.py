"""Losses with an L2 penalty alone on many rows and columns: products in place of Grams.

Newton's systems ``(Zᵀ W Z + alpha F) d = slope``, the intercepts eliminated, are solved
by conjugate gradients with the diagonal as preconditioner (J. Nocedal, S. J. Wright:
Numerical Optimization. 2nd ed., Springer 2006, section 7.1), as precisely as the gap
that is left asks for. With slopes ``s = Zᵀ p r - alpha F b`` of the rows' own
residuals, which sum to zero, the duality gap is ``Σ s_j² / (2 alpha f_j)``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from regkit._types import Floats
from regkit.designs import RowDesign
from regkit.designs.class_weights import class_inverse, class_total
from regkit.kernels.linear.loss_policy import PATIENCE, RISE
from regkit.solvers.losses import LossTask, is_met, null_intercept, overflowing
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult

# Gram matrices and factors of so many columns, or rows where those are fewer, cost
# less than the products.
_FEW, _FEW_SPARSE = 3000, 1500
# Newton steps at one alpha, conjugate gradients in each of them, halvings of a step.
_MOST_STEPS, _MOST_PRODUCTS, _HALVINGS = 60, 1000, 40
# Below this share of the null deviance steps that leave most of a gap are counted.
_NEAR = 1e-6
# Each system is solved to this share of the gap, or less: see `_precision`.
_PRECISION = 1e-2


# Above this size Gram matrices and factors are no way out where products fail.
_MOST = 6000


def ridge_by_products(
    design: RowDesign,
    task: LossTask,
    penalty: Penalty,
    alphas: Floats,
    n_classes: int | None,
) -> PathResult | None:
    """Return the solutions, or None where Gram matrices are the way to them.

    ``n_classes`` is None where there are no classes that are one problem.
    """
    is_ridge = penalty.l1_ratio == 0.0 and not penalty.is_bounded
    if not is_ridge or np.any(penalty.factor == 0.0) or np.any(alphas <= 0.0):
        return None
    size = (n_classes or 1) * min(design.n_samples, design.n_features)
    few = _FEW_SPARSE if design.is_sparse else _FEW
    # Without a second derivative that is continuous, steps may not settle.
    if size <= (few if task.loss.is_smooth or n_classes else _MOST):
        return None
    walk = NewtonCG(design, task, penalty)
    found = walk.path(alphas, n_classes is not None)
    return found if size > _MOST or np.all(found.converged) else None


@dataclass
class _Point:
    """Coefficients (p, K) in Z's units, and what the rows have there, (n, K)."""

    coef: Floats
    intercept: Any
    eta: Floats
    value: float  # the objective


class NewtonCG:
    """Walks down the alphas, each from the last one's solution.

    Vectors of the rows are (n, K) here, and class after class, (K n,), for the loss.
    """

    def __init__(self, design: RowDesign, task: LossTask, penalty: Penalty) -> None:
        loss, y = task.loss, task.y
        self._design, self._loss, self._y = design, loss, y
        n, p = design.n_samples, design.n_features
        self._n_classes = len(y) // n
        self._share = np.tile(design.weights, self._n_classes)
        self._root = np.sqrt(design.weights)[:, None]
        is_open = ~(design.constant | np.isinf(penalty.factor))
        self._is_open = is_open[:, None]
        self._factor = np.where(is_open, penalty.factor, 1.0)[:, None]
        self._steps = min(task.max_iter, _MOST_STEPS)
        self._offset = np.zeros(len(y)) if task.offset is None else task.offset
        eta = self._offset.copy()
        intercept: Any = 0.0
        if design.fit_intercept:
            intercept = null_intercept(loss, y, self._share, eta)
            eta = eta + loss.spread(intercept, len(eta))
        residual, _ = self._derivatives(eta)
        self.null_deviance = loss.deviance(y, self._share, eta)
        if is_met(y, self._share, eta, residual):
            self.null_deviance = 0.0
        self._tol, self._goal = task.tol, task.tol * self.null_deviance
        self._least_value = loss.objective(y, self._share, eta) - self.null_deviance
        self._point = _Point(
            np.zeros((p, self._n_classes)), intercept, self._by_row(eta), np.inf
        )

    def path(self, alphas: Floats, is_of_classes: bool) -> PathResult:
        """Solve for decreasing alphas."""
        design, n_alphas = self._design, len(alphas)
        coefs, intercepts, figures = [], [], np.empty((n_alphas, 3))
        for k, alpha in enumerate(alphas.tolist()):
            gap, n_iter = self._solve(alpha)
            coef = self._point.coef / design.scale[:, None]
            coefs.append(coef)
            shift = self._point.intercept - design.offset @ coef
            # A number added to all classes changes nothing.
            is_free = is_of_classes and design.fit_intercept
            intercepts.append(shift - shift.mean() if is_free else shift)
            loss = self._loss.objective(self._y, self._share, self._flat)
            figures[k] = gap, n_iter, max(0.0, loss - self._least_value)
        shape = (n_alphas, self._n_classes) if is_of_classes else (n_alphas,)

        def spread(found: Floats) -> Any:
            return np.repeat(found, self._n_classes).reshape(shape)

        gaps, n_iters, losses = figures.T
        return PathResult(
            alphas=spread(alphas),
            coefs=np.concatenate(coefs, axis=1),
            intercepts=np.concatenate(intercepts).reshape(shape),
            dual_gaps=spread(gaps),
            null_objectives=np.full(shape, self.null_deviance),
            losses=spread(losses),
            n_iters=spread(n_iters).astype(np.int64),
            converged=spread(gaps) <= self._goal,
            unique=True,
            solver="newton+conjugate_gradient",
        )

    @property
    def _flat(self) -> Floats:
        return self._point.eta.T.reshape(-1)

    def _by_row(self, vector: Floats) -> Floats:
        return vector.reshape(self._n_classes, -1).T

    def _derivatives(self, eta: Floats) -> tuple[Floats, Floats]:
        residual, curvature = np.empty_like(eta), np.empty_like(eta)
        self._loss.differentiate(self._y, self._share, eta, residual, curvature)
        return residual, curvature

    def _objective(self, coef: Floats, eta: Floats, alpha: float) -> float:
        with overflowing():
            loss = self._loss.objective(self._y, self._share, eta.T.reshape(-1))
        return loss + 0.5 * alpha * float(np.sum(self._factor * coef**2))

    def _solve(self, alpha: float) -> tuple[float, int]:
        """Go to the solution at ``alpha``; return the gap and the Newton steps."""
        point, design = self._point, self._design
        if self.null_deviance == 0.0:
            return 0.0, 1
        best, last, patience = np.inf, self._point, PATIENCE
        point.value = self._objective(point.coef, point.eta, alpha)
        n_iter = 0
        while True:
            if design.fit_intercept:
                eta = self._flat
                shift = self._loss.best_shift(self._y, self._share, eta, 0.0)
                point.intercept = point.intercept + shift
                point.eta = self._by_row(eta + self._loss.spread(shift, len(eta)))
                point.value = self._objective(point.coef, point.eta, alpha)
            residual, curvature = self._derivatives(self._flat)
            slope = design.correlate(self._root * self._by_row(residual))
            slope -= alpha * self._factor * point.coef
            slope[~self._is_open[:, 0]] = 0.0
            gap = float(np.sum(slope**2 / self._factor)) / (2.0 * alpha)
            if gap < 0.5 * best:
                patience = PATIENCE
            elif best <= _NEAR * self.null_deviance:
                patience -= 1
            if gap < best:
                best, last = gap, _Point(**vars(point))
            is_over = patience == 0 or n_iter == self._steps
            if gap <= self._goal or is_over or not np.isfinite(gap):
                break
            n_iter += 1
            step = self._direction(slope, curvature, alpha, gap)
            if step is None or not self._go(step, slope, alpha):
                break
        self._point = last
        return best, max(1, n_iter)

    def _direction(
        self, slope: Floats, curvature: Floats, alpha: float, gap: float
    ) -> tuple[Floats, Floats, Any] | None:
        """Return the step of coefficients, predictors and intercepts."""
        design, loss, share = self._design, self._loss, self._share
        inverse = self._inverse(curvature)
        mean = float(share @ curvature) / self._n_classes
        ridge = alpha * self._factor
        scale = 1.0 / (mean * design.lengths[:, None] ** 2 + ridge)
        step, rest = np.zeros_like(slope), slope.copy()
        change, shift = np.zeros_like(self._point.eta), np.zeros(self._n_classes)
        goal = max(0.1 * self._goal, gap * min(_PRECISION, gap / self.null_deviance))
        scaled = scale * rest
        direction, size = scaled, float(np.sum(rest * scaled))
        for _ in range(_MOST_PRODUCTS):
            moved = design.row_predictor(direction)(slice(None))
            bent = self._by_row(share * loss.bend(curvature, moved.T.reshape(-1)))
            own = np.zeros(self._n_classes)
            if design.fit_intercept:
                own = -inverse @ bent.sum(axis=0)
                moved = moved + own
                bent = self._by_row(share * loss.bend(curvature, moved.T.reshape(-1)))
            image = design.correlate(
                np.divide(
                    bent, self._root, where=self._root > 0.0, out=np.zeros_like(bent)
                )
            )
            image += ridge * direction
            image[~self._is_open[:, 0]] = 0.0
            bend = float(np.sum(direction * image))
            if not 0.0 < bend < np.inf:
                break
            length = size / bend
            step = step + length * direction
            change, shift = change + length * moved, shift + length * own
            rest -= length * image
            if float(np.sum(rest**2 / self._factor)) / (2.0 * alpha) <= goal:
                break
            scaled = scale * rest
            size, before = float(np.sum(rest * scaled)), size
            direction = scaled + (size / before) * direction
        return (step, change, loss.joined(shift)) if step.any() else None

    def _inverse(self, curvature: Floats) -> Floats:
        """Return the inverse of the intercepts' part of the Hessian."""
        if self._n_classes == 1:
            total = float(self._share @ curvature)
            return np.array([[1.0 / total if total > 0.0 else 0.0]])
        root = np.where(self._root > 0.0, self._root, 1.0)[:, 0]
        weight = (self._share * curvature).reshape(self._n_classes, -1)
        return class_inverse(class_total(weight, root))

    def _go(
        self, step: tuple[Floats, Floats, Any], slope: Floats, alpha: float
    ) -> bool:
        """Take the step, or the longest half of a half that lowers the objective."""
        point, (coef, change, shift) = self._point, step
        noise = RISE * self.null_deviance
        fall, length = 1e-4 * float(np.sum(coef * slope)), 1.0
        for _ in range(_HALVINGS):
            moved, eta = point.coef + length * coef, point.eta + length * change
            value = self._objective(moved, eta, alpha)
            if value <= point.value - length * fall + noise:
                point.coef, point.eta, point.value = moved, eta, value
                point.intercept = point.intercept + length * shift
                return True
            length *= 0.5
        return False
