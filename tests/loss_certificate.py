"""An outside judge of penalized fits of any loss of `tests.loss_formulas`.

The problem
-----------
With row weights ``p_i = w_i / sum(w)``, column scales ``s_j`` (the weighted standard
deviation when ``standardize``, else 1), ``a_j = alpha f_j l1_ratio s_j`` and
``q_j = alpha f_j (1 - l1_ratio) s_j^2``, the coefficients minimize over the box
``lower_j <= beta_j <= upper_j`` and the free intercept ``b``

    P(beta, b) = sum_i p_i f(y_i, z_i) + sum_j (a_j |beta_j| + q_j/2 beta_j^2),
    z_i = x_i' beta + b + offset_i.

With several classes there is a ``beta`` and a ``b`` per class, and the penalty is
summed over them; a grouped penalty has ``a_j ||beta_j.||_2`` in place of
``a_j |beta_jk|``.

The gap
-------
For every ``u`` with ``sum_i p_i u_i = 0`` (where there is an intercept) and
``c_j = -sum_i p_i x_ij u_i``,

    gap = sum_i p_i FY(z_i, u_i) + sum_j [pen_j(beta_j) + pen_j*(c_j) - c_j beta_j]

bounds the suboptimality of (beta, b): a sum of non-negative terms, so that nothing
cancels. ``pen_j*`` is the conjugate over the box, as in `tests.certificate`.

The dual points
---------------
1. the gradient ``u = f'(z)`` at the best intercept for beta; 2. the linearized
gradients ``u = f'(z) + f''(z) d`` of a few Newton steps ``d`` on the columns that beta
uses, which satisfy their optimality conditions. Each is shrunk until ``|c_j| <= a_j``
holds where it must, and mixed with the first where it leaves the domain of f*. The
least gap counts.

A column without any penalty asks for ``c_j = 0`` exactly. Rounding leaves it a little
off, so its bounds are cut to ``+-10 (|beta_j| + 1 / std(x_j))``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tests.loss_formulas import Loss, make_loss

Array = npt.NDArray[Any]

_NEWTON_STEPS = 6
_BOX = 10.0


@dataclass(frozen=True)
class LossCertificate:
    """How far a fit is at most from optimal, in the units of P."""

    primal: float
    """P; inf outside the box or where an excluded coefficient is not 0."""
    gap: float
    """An upper bound of P minus its least value."""
    null_deviance: float
    """Loss of the best constant prediction less that of a perfect one: the unit of
    ``tol``. Without an intercept the constant is the offset alone."""

    @property
    def dual(self) -> float:
        """A lower bound of the least value."""
        return self.primal - self.gap

    @property
    def relative_gap(self) -> float:
        """The gap over the null deviance."""
        return self.gap / self.null_deviance


@dataclass(frozen=True)
class LossProblem:
    """Rows of positive weight and a penalty, ready to be judged at any point."""

    loss: Loss
    X: Any
    y: Array
    row_weight: Array
    offset: Array
    fit_intercept: bool
    l1: Array
    l2: Array
    lower: Array
    upper: Array
    spread: Array
    grouped: bool

    def predictor(self, coef: Array, intercept: Array) -> Array:
        """z, of shape (n, K)."""
        return np.asarray(self.X @ coef.T) + intercept + self.offset

    def data_loss(self, z: Array) -> float:
        """The weighted mean loss."""
        with np.errstate(over="ignore"):
            return float(self.row_weight @ self.loss.value(self.y, z))

    def penalty(self, coef: Array) -> float:
        """The penalty; inf outside the box."""
        if np.any(coef < self.lower) or np.any(coef > self.upper):
            return np.inf
        size = np.linalg.norm(coef, axis=0) if self.grouped else np.abs(coef).sum(0)
        return float(self.l1 @ size + self.l2 @ (coef**2).sum(axis=0) / 2)

    def primal(self, coef: Array, intercept: Array) -> float:
        """P."""
        return self.data_loss(self.predictor(coef, intercept)) + self.penalty(coef)

    def correlate(self, u: Array) -> Array:
        """c, of shape (K, p)."""
        return -np.asarray((self.X.T @ (self.row_weight[:, None] * u)).T)

    def best_intercept(self, z: Array) -> Array:
        """z moved by the constants that minimize the loss."""
        if not self.fit_intercept:
            return z
        p = self.row_weight
        for _ in range(200):
            slope = p @ self.loss.gradient(self.y, z)
            curvature = np.einsum("i,ikl->kl", p, self.loss.hessian(self.y, z))
            step = -np.linalg.lstsq(curvature, slope, rcond=1e-13)[0]
            if not np.any(curvature):
                step = -slope
            before, size = self.data_loss(z), 1.0
            while size > 1e-12:
                moved = z + size * step
                if self.data_loss(moved) <= before + 1e-4 * size * slope @ step:
                    break
                size /= 2
            if size <= 1e-12:
                return z
            z = moved
            if np.max(np.abs(step)) <= 1e-15 * (1 + np.max(np.abs(z))):
                break
        return z

    def null_deviance(self) -> float:
        """See `LossCertificate`."""
        z = self.best_intercept(self.offset.copy())
        zero = np.zeros_like(z)
        # f(z) - min f, the least of f being -f*(0).
        excess = self.loss.fenchel_young(self.y, z, zero)
        return float(self.row_weight @ excess)

    def gap(self, coef: Array, intercept: Array) -> float:
        """The least gap over the dual points."""
        z = self.predictor(coef, intercept)
        first = self._feasible(self.loss.gradient(self.y, self.best_intercept(z)))
        best = self.gap_with(coef, z, first)
        for u, _, _ in self.newton_points(coef, z):
            best = min(best, self.gap_with(coef, z, self._inside(first, u)))
        return best

    def gap_with(self, coef: Array, z: Array, u: Array) -> float:
        """The gap of a point with one dual point."""
        with np.errstate(over="ignore"):
            rows = self.row_weight @ self.loss.fenchel_young(self.y, z, u)
        c = self.correlate(u)
        return float(rows + self._fenchel_young_of_penalty(coef, c))

    def _fenchel_young_of_penalty(self, coef: Array, c: Array) -> float:
        if self.grouped:
            excess = np.maximum(np.linalg.norm(c, axis=0) - self.l1, 0)
            box = _BOX * (np.linalg.norm(coef, axis=0) + 1 / self.spread)
            conjugate = _least_slope(
                excess, self.l2, np.where(self.l1 == 0, box, np.inf)
            )
        else:
            side = np.where(c > 0, self.upper, -self.lower)
            free = np.broadcast_to((self.l1 == 0) & (self.l2 == 0), c.shape)
            box = _BOX * (np.abs(coef) + 1 / self.spread)
            side = np.where(free, np.minimum(side, box), side)
            excess = np.maximum(np.abs(c) - self.l1, 0)
            conjugate = _least_slope(excess, np.broadcast_to(self.l2, c.shape), side)
        return self.penalty(coef) + float(conjugate.sum()) - float((c * coef).sum())

    def _feasible(self, u: Array) -> Array:
        """u shrunk until the conjugate of the penalty is finite, as it is computed."""
        must = (self.l2 == 0) & (self.l1 > 0)
        margin = 1e-15
        while True:
            c = self.correlate(u)
            if self.grouped:
                size, bad = np.linalg.norm(c, axis=0), must
            else:
                side = np.where(c > 0, self.upper, -self.lower)
                size, bad = np.abs(c), must & np.isinf(side)
            limit = np.broadcast_to(self.l1, size.shape)
            bad = bad & (size > limit)
            if not bad.any():
                return u
            u = u * float(np.min(limit[bad] / size[bad])) * (1 - margin)
            margin *= 2

    def _inside(self, first: Array, u: Array) -> Array:
        """u, or as much of it beside ``first`` as stays in the domain of f*."""
        share = 1.0
        for _ in range(60):
            mixed = self._feasible(first + share * (u - first))
            if np.isfinite(self.loss.fenchel_young(self.y, 0 * u, mixed)).all():
                return mixed
            share *= 0.9 if share > 0.5 else 0.5
        return first

    def newton_points(
        self, coef: Array, z: Array
    ) -> Iterator[tuple[Array, Array, Array]]:
        """Newton steps on the columns in use.

        Yields the linearized gradient, the coefficients and z after each step.
        """
        classes, columns = np.nonzero(self._active(coef))
        block = _columns(self.X, columns)
        n_active, coef = len(columns), coef.copy()
        for _ in range(_NEWTON_STEPS):
            gradient, curvature = (
                self.loss.gradient(self.y, z),
                self.loss.hessian(self.y, z),
            )
            slope, bend = self._penalty_model(coef, classes, columns)
            hessian = self._hessian(block, classes, curvature)
            hessian[:n_active, :n_active] += bend
            pulled = self.row_weight[:, None] * gradient
            slope = slope + np.einsum("ij,ij->j", block, pulled[:, classes])
            right_side = -np.append(slope, pulled.sum(axis=0))
            if not self.fit_intercept:
                hessian[n_active:] = hessian[:, n_active:] = 0
                right_side[n_active:] = 0
            step = _solve(hessian, right_side)
            move = np.zeros_like(z) + step[n_active:]
            for k in range(z.shape[1]):
                mine = classes == k
                move[:, k] += block[:, mine] @ step[:n_active][mine]
            if not np.isfinite(move).all() or np.abs(move).max(initial=0) > 30:
                return
            coef[classes, columns] += step[:n_active]
            bent = gradient + np.einsum("ikl,il->ik", curvature, move)
            z = z + move
            yield bent, coef, z

    def _hessian(self, block: Array, classes: Array, curvature: Array) -> Array:
        """That of the loss in the coefficients in use and the intercepts."""
        n_active, n_outputs = len(classes), curvature.shape[1]
        hessian = np.zeros((n_active + n_outputs, n_active + n_outputs))
        places, columns = [], []
        for k in range(n_outputs):
            places.append(np.append(np.flatnonzero(classes == k), n_active + k))
            mine = block[:, classes == k]
            columns.append(np.column_stack([mine, np.ones(len(block))]))
        for k in range(n_outputs):
            for other in range(n_outputs):
                w = self.row_weight * curvature[:, k, other]
                hessian[np.ix_(places[k], places[other])] = columns[k].T @ (
                    w[:, None] * columns[other]
                )
        return hessian

    def _active(self, coef: Array) -> Array:
        inside = (coef > self.lower) & (coef < self.upper)
        unpenalized = (self.l1 == 0) & (self.lower < self.upper)
        if self.grouped:
            return np.broadcast_to(np.any(coef != 0, axis=0) | unpenalized, coef.shape)
        return inside & ((coef != 0) | unpenalized)

    def _penalty_model(
        self, coef: Array, classes: Array, columns: Array
    ) -> tuple[Array, Array]:
        """Slope and curvature of the penalty at coefficients that are not zero."""
        beta, a, q = coef[classes, columns], self.l1[columns], self.l2[columns]
        if not self.grouped:
            return a * np.sign(beta) + q * beta, np.diag(q)
        size = np.maximum(np.linalg.norm(coef, axis=0), 1e-300)[columns]
        direction = beta / size
        same = columns[:, None] == columns
        bend = np.where(same, -np.outer(direction, direction), 0.0)
        bend += np.eye(len(columns))
        curvature = np.diag(q) + (a / size)[:, None] * bend
        return a * direction + q * beta, curvature


def _least_slope(excess: Array, q: Array, side: Array) -> Array:
    """max over 0 <= t <= side of ``excess t - q/2 t^2``."""
    on = (excess > 0) & (side > 0)
    value = np.zeros(excess.shape)
    e, curvature, end = excess[on], q[on], side[on]
    with np.errstate(divide="ignore", over="ignore"):
        t = np.minimum(np.where(curvature > 0, e / curvature, np.inf), end)
    with np.errstate(invalid="ignore"):
        bend = np.where(curvature > 0, curvature * t, 0.0)
    value[on] = t * (e - bend / 2)
    return value


def _solve(hessian: Array, right_side: Array) -> Array:
    """The shortest solution, rows and columns scaled to a unit diagonal."""
    diagonal = np.diag(hessian)
    scale = np.where(diagonal > 0, 1 / np.sqrt(np.maximum(diagonal, 1e-300)), 0.0)
    scaled = hessian * scale[:, None] * scale
    return scale * np.linalg.lstsq(scaled, right_side * scale, rcond=1e-14)[0]


def _is_constant(X: Any) -> Array:
    if sp.issparse(X):
        low, high = (np.asarray(end.toarray()).ravel() for end in (X.min(0), X.max(0)))
        return np.asarray(low == high)
    return np.all(X[:1] == X, axis=0)


def _columns(X: Any, columns: Array) -> Array:
    return np.asarray(X[:, columns].toarray() if sp.issparse(X) else X[:, columns])


def state(
    loss: str,
    X: Any,
    y: Any,
    *,
    alpha: float,
    l1_ratio: float = 1.0,
    sample_weight: Any = None,
    offset: Any = None,
    penalty_factor: Any = None,
    bounds: Any = None,
    standardize: bool = False,
    fit_intercept: bool = True,
    power: float = 1.5,
    grouped: bool = False,
) -> LossProblem:
    """State a problem.

    Parameters
    ----------
    loss : str
        As for `tests.loss_formulas.make_loss`.
    X : (n, p) array or scipy sparse
    y : (n,) array
        0 and 1 for two classes (any two signs for the hinges), 0 .. K - 1 for several.
    bounds : None or (lower, upper)
        Numbers or (p,) arrays; for ``positive=True`` pass ``(0, inf)``.
    alpha, l1_ratio, sample_weight, offset, penalty_factor, standardize, fit_intercept
        As given to the estimator.
    """
    n_samples, n_features = X.shape
    weight = np.ones(n_samples) if sample_weight is None else np.asarray(sample_weight)
    kept = np.flatnonzero(weight > 0)
    rows = sp.csr_array(X)[kept] if sp.issparse(X) else np.asarray(X)[kept]
    rows = rows.astype(np.float64)
    p = weight[kept] / weight[kept].sum()
    formula = make_loss(loss, power=power, n_classes=int(np.max(y)) + 1)
    targets = formula.encode(np.asarray(y)[kept])
    mean = np.asarray(p @ rows)
    if sp.issparse(rows):
        square = np.asarray(p @ rows.multiply(rows)) - mean**2
    else:
        square = np.asarray(p @ (rows - mean) ** 2)
    spread = np.sqrt(np.maximum(square, 0))
    constant = _is_constant(rows)
    spread = np.where(constant | (spread == 0), 1.0, spread)
    scale = spread if standardize else np.ones(n_features)
    factor = (
        np.ones(n_features) if penalty_factor is None else np.asarray(penalty_factor)
    )
    # Beside an intercept a constant column only costs.
    excluded = np.isinf(factor) | (fit_intercept & constant)
    strength = alpha * np.where(excluded, 0.0, factor)
    lower, upper = (-np.inf, np.inf) if bounds is None else bounds
    shift = np.zeros(n_samples) if offset is None else np.asarray(offset)
    shift = shift.reshape(n_samples, -1)[kept]
    return LossProblem(
        loss=formula,
        X=rows,
        y=targets,
        row_weight=p,
        offset=np.broadcast_to(shift, targets.shape).astype(np.float64),
        fit_intercept=fit_intercept,
        l1=strength * l1_ratio * scale,
        l2=strength * (1.0 - l1_ratio) * scale**2,
        lower=np.where(excluded, 0.0, np.broadcast_to(lower, n_features)),
        upper=np.where(excluded, 0.0, np.broadcast_to(upper, n_features)),
        spread=spread,
        grouped=grouped,
    )


def certify_loss(
    loss: str, X: Any, y: Any, coef: Any, intercept: Any, **options: Any
) -> LossCertificate:
    """Judge one fit; `options` are those of `state`.

    Parameters
    ----------
    coef : (p,) or (K, p) array
        In the units of X.
    intercept : float or (K,) array
    """
    problem = state(loss, X, y, **options)
    coefs = np.atleast_2d(np.asarray(coef, dtype=np.float64))
    intercepts = np.atleast_1d(np.asarray(intercept, dtype=np.float64))
    return LossCertificate(
        primal=problem.primal(coefs, intercepts),
        gap=problem.gap(coefs, intercepts),
        null_deviance=problem.null_deviance(),
    )
