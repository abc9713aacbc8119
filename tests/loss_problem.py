"""Penalized fits of any loss of `tests.loss_formulas`, and the gap of a dual point.

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

Small problems have the precision of `numpy.longdouble`, where that is more than that
of float64: sums are then exact to the last digits of the fits that are judged.

A column without any penalty asks for ``c_j = 0`` exactly. Rounding leaves it a little
off, so its bounds are cut to ``+-10 (|beta_j| + 1 / std(x_j))``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tests.fit_options import LossOptions
from tests.loss_formulas import Loss, make_loss

Array = npt.NDArray[Any]

_BOX = 10.0
# Up to so many entries of X are taken to more digits than float64 has.
_SMALL = 100_000


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

    def data_loss(self, z: Array) -> Any:
        """The weighted mean loss."""
        with np.errstate(over="ignore"):
            return self.row_weight @ self.loss.value(self.y, z)

    def penalty(self, coef: Array) -> Any:
        """The penalty; inf outside the box."""
        if np.any(coef < self.lower) or np.any(coef > self.upper):
            return np.inf
        size = np.linalg.norm(coef, axis=0) if self.grouped else np.abs(coef).sum(0)
        return self.l1 @ size + self.l2 @ (coef**2).sum(axis=0) / 2

    def primal(self, coef: Array, intercept: Array) -> Any:
        """P."""
        return self.data_loss(self.predictor(coef, intercept)) + self.penalty(coef)

    def correlate(self, u: Array) -> Array:
        """c, of shape (K, p)."""
        return -np.asarray((self.X.T @ (self.row_weight[:, None] * u)).T)

    def best_intercept(self, z: Array) -> Array:
        """z moved by the constants that minimize the loss."""
        if not self.fit_intercept:
            return z
        p, best, least = self.row_weight, z, np.inf
        for _ in range(200):
            gradient = self.loss.gradient(self.y, z)
            slope = p @ gradient
            scale = np.maximum(p @ np.abs(gradient), np.finfo(np.float64).tiny)
            size = float((np.abs(slope) / scale).max())
            if size < least:
                best = z
            # Near the optimum slopes at least halve, up to rounding.
            is_near = size <= 1e-3
            if size <= np.finfo(z.dtype).eps or (is_near and not size < 0.5 * least):
                break
            least = min(size, least)
            curvature = np.einsum("i,ikl->kl", p, self.loss.hessian(self.y, z))
            step = -np.linalg.lstsq(
                curvature.astype(np.float64), slope.astype(np.float64), rcond=1e-15
            )[0]
            if not np.any(curvature):
                step = -slope.astype(np.float64)
            before, length = self.data_loss(z), 1.0
            while length > 1e-12 and not is_near:
                moved = z + length * step
                if self.data_loss(moved) <= before + 1e-4 * length * slope @ step:
                    break
                length /= 2
            z = z + length * step
        return best

    def null_deviance(self) -> float:
        """See `LossCertificate`."""
        z = self.best_intercept(self.offset.copy())
        zero = np.zeros_like(z)
        # f(z) - min f, the least of f being -f*(0).
        excess = self.loss.fenchel_young(self.y, z, zero)
        return float(self.row_weight @ excess)

    def restricted(self, columns: Array) -> LossProblem:
        """The problem of these columns alone."""
        return replace(
            self,
            X=_dense(self.X[:, columns]),
            l1=self.l1[columns],
            l2=self.l2[columns],
            lower=self.lower[columns],
            upper=self.upper[columns],
            spread=self.spread[columns],
        )

    def violated(self, u: Array) -> Array:
        """The columns whose coefficients may not all be zero at the optimum."""
        c = self.correlate(u)
        limit = self.l1 * (1 + 1e-9)
        if self.grouped:
            is_open = self.upper > self.lower
            return np.flatnonzero((np.linalg.norm(c, axis=0) > limit) & is_open)
        side = np.where(c > 0, self.upper, -self.lower)
        return np.flatnonzero(((np.abs(c) > limit) & (side > 0)).any(axis=0))

    def gap(self, coef: Array, z: Array, at: Array) -> float:
        """The gap of a point with the gradient at ``at``, shrunk to a dual point.

        Beside wide bounds and small ridges it may be shrunk although it need not be.
        """
        u = self.loss.gradient(self.y, self.best_intercept(at))
        needed, useful = self.l2 == 0, np.full(self.l2.shape, True)
        shrunk = self._shrunk(u, needed, True), self._shrunk(u, useful, False)
        return min(self.gap_with(coef, z, point) for point in shrunk)

    def gap_with(self, coef: Array, z: Array, u: Array) -> float:
        """The gap of a point with one dual point."""
        with np.errstate(over="ignore"):
            rows = self.row_weight @ self.loss.fenchel_young(self.y, z, u)
        c = self.correlate(u)
        return float(rows + self._fenchel_young_of_penalty(coef, c))

    def _fenchel_young_of_penalty(self, coef: Array, c: Array) -> Any:
        if self.grouped:
            excess = np.maximum(np.linalg.norm(c, axis=0) - self.l1, 0)
            box = _BOX * (np.linalg.norm(coef, axis=0) + 1 / self.spread)
            box = np.where(self.l1 == 0, box, np.inf)
            box = np.where(self.upper > self.lower, box, 0)
            conjugate = _least_slope(excess, self.l2, box)
        else:
            side = np.where(c > 0, self.upper, -self.lower)
            free = np.broadcast_to((self.l1 == 0) & (self.l2 == 0), c.shape)
            box = _BOX * (np.abs(coef) + 1 / self.spread)
            side = np.where(free, np.minimum(side, box), side)
            excess = np.maximum(np.abs(c) - self.l1, 0)
            conjugate = _least_slope(excess, np.broadcast_to(self.l2, c.shape), side)
        return self.penalty(coef) + conjugate.sum() - (c * coef).sum()

    def _shrunk(self, u: Array, columns: Array, is_bound_enough: bool) -> Array:
        """u shrunk until the slopes of these columns are within l1, as computed.

        Not needed for a finite bound.
        """
        margin = np.finfo(u.dtype).eps
        while True:
            c = self.correlate(u)
            bad = columns & (self.l1 > 0)
            if self.grouped:
                size = np.linalg.norm(c, axis=0)
            else:
                side = np.where(c > 0, self.upper, -self.lower)
                size = np.abs(c)
                bad = bad & (np.isinf(side) if is_bound_enough else side > 0)
            limit = np.broadcast_to(self.l1, size.shape)
            bad = bad & (size > limit)
            if not bad.any():
                return u
            u = u * np.min(limit[bad] / size[bad]) * (1 - margin)
            margin *= 2


def _least_slope(excess: Array, q: Array, side: Array) -> Array:
    """max over 0 <= t <= side of ``excess t - q/2 t^2``."""
    on = (excess > 0) & (side > 0)
    value = np.zeros_like(excess)
    e, curvature, end = excess[on], q[on], side[on]
    with np.errstate(divide="ignore", over="ignore"):
        t = np.minimum(np.where(curvature > 0, e / curvature, np.inf), end)
    with np.errstate(invalid="ignore"):
        bend = np.where(curvature > 0, curvature * t, 0.0)
    value[on] = t * (e - bend / 2)
    return value


def _is_constant(X: Any) -> Array:
    if sp.issparse(X):
        low, high = (np.asarray(end.toarray()).ravel() for end in (X.min(0), X.max(0)))
        return np.asarray(low == high)
    return np.all(X[:1] == X, axis=0)


def _dense(X: Any) -> Array:
    return np.asarray(X.toarray() if sp.issparse(X) else X)


def state(loss: str, X: Any, y: Any, **options: Any) -> LossProblem:
    """State a problem; `options` are those of `LossOptions`.

    Parameters
    ----------
    loss : str
        As for `tests.loss_formulas.make_loss`.
    X : (n, p) array or scipy sparse
    y : (n,) array
        0 and 1 for two classes (any two signs for the hinges), 0 .. K - 1 for several.
    """
    given = LossOptions(**options)
    n_samples, n_features = X.shape
    weight, factor = given.sample_weight, given.penalty_factor
    weight = np.ones(n_samples) if weight is None else np.asarray(weight)
    kept = np.flatnonzero(weight > 0)
    rows = sp.csr_array(X)[kept] if sp.issparse(X) else np.asarray(X)[kept]
    small = rows.shape[0] * rows.shape[1] <= _SMALL
    precision = np.longdouble if small else np.float64
    rows = (_dense(rows) if small else rows).astype(precision)
    weight = weight.astype(precision)
    p = weight[kept] / weight[kept].sum()
    formula = make_loss(loss, power=given.power, n_classes=int(np.max(y)) + 1)
    targets = formula.encode(np.asarray(y)[kept]).astype(precision)
    mean = np.asarray(p @ rows)
    if sp.issparse(rows):
        square = np.asarray(p @ rows.multiply(rows)) - mean**2
    else:
        square = np.asarray(p @ (rows - mean) ** 2)
    spread = np.sqrt(np.maximum(square, 0))
    constant = _is_constant(rows)
    spread = np.where(constant | (spread == 0), 1.0, spread)
    scale = spread if given.standardize else np.ones(n_features)
    factor = np.ones(n_features) if factor is None else np.asarray(factor)
    # Beside an intercept a constant column only costs.
    excluded = np.isinf(factor) | (given.fit_intercept & constant)
    strength = given.alpha * np.where(excluded, 0.0, factor)
    lower, upper = (-np.inf, np.inf) if given.bounds is None else given.bounds
    shift = np.zeros(n_samples) if given.offset is None else np.asarray(given.offset)
    shift = shift.reshape(n_samples, -1)[kept]
    return LossProblem(
        loss=formula,
        X=rows,
        y=targets,
        row_weight=p,
        offset=np.broadcast_to(shift, targets.shape).astype(precision),
        fit_intercept=given.fit_intercept,
        l1=strength * given.l1_ratio * scale,
        l2=strength * (1.0 - given.l1_ratio) * scale**2,
        lower=np.where(excluded, 0.0, np.broadcast_to(lower, n_features)),
        upper=np.where(excluded, 0.0, np.broadcast_to(upper, n_features)),
        spread=spread,
        grouped=given.grouped,
    )
