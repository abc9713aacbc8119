"""An outside judge of Lasso, Elastic Net and Ridge solutions.

Nothing here comes from the package under test: the formulas are derived below and
evaluated in extended precision where the problem is small enough for it to be cheap.

The problem
-----------
With row weights ``p_i = w_i / sum(w)``, column scales ``s_j`` (the weighted standard
deviation when ``standardize``, else 1; 1 for a constant column) and
``f = penalty_factor``, put ``a_j = alpha f_j l1_ratio s_j`` and
``q_j = alpha f_j (1 - l1_ratio) s_j^2``. The coefficients minimize, over the box
``lower_j <= beta_j <= upper_j`` and the free intercept ``b``,

    P(beta, b) = 1/2 sum_i p_i r_i^2 + sum_j (a_j |beta_j| + q_j/2 beta_j^2),
    r_i = y_i - x_i' beta - b.

``f_j = inf`` pins ``beta_j = 0``, whatever alpha.

The dual
--------
``r^2/2 = max_t (t r - t^2/2)`` turns P into a saddle; minimizing over ``beta`` and
``b`` for a fixed ``t`` leaves, for every ``t`` with ``sum_i p_i t_i = 0`` (needed only
when there is an intercept),

    D(t) = sum_i p_i (y_i t_i - t_i^2/2) - sum_j g_j*(c_j),    c_j = sum_i p_i x_ij t_i,
    g_j*(c) = max over lower_j <= z <= upper_j of  c z - a_j |z| - q_j/2 z^2.

As ``lower <= 0 <= upper``, the maximum lies on the side of the sign of ``c``. With
``e = max(|c| - a_j, 0)`` and ``B`` the bound on that side, ``z = min(e / q_j, B)`` and
``g_j* = e z - q_j/2 z^2``: finite unless ``q_j = 0``, ``B = inf`` and ``|c| > a_j``.
``D(t) <= P(beta, b)`` always; the optimal residual closes the gap.

The dual points
---------------
1. the residual, centered; 2. the nearest point to it where the columns of no penalty,
or of one below 1e-4 of what the column could explain, have the ``c_j`` that the
optimality conditions at beta ask for; 3. either shrunk until every ``|c_j| <= a_j``
holds where it must, and on to the best factor, 0 at the least: ``D(0) = 0``.

Shrinking alone cannot mend ``c_j > 0`` where ``a_j = q_j = 0`` and only one side is
bounded, and it is ruinous where ``a_j`` is of the size of rounding. Where columns
depend on each other to the last bits of X, the second point mends neither. There the
**boxed** gap speaks: D with each bound cut to
``M_j = 10 (|beta_j| + std(y) / std(x_j))``. It is the exact gap among coefficients
within that box; by convexity, if the true optimum is ``k`` times farther out than the
box, the suboptimality is at most ``k`` boxed gaps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from regkit._types import EPS
from tests.fit_options import FitOptions
from tests.squared_problem import Array, Data, PenaltyTerms, prepare

# A direction this small beside its columns is rounding, not data.
_RANK_TOL = 1e-13
# A penalty is soft below this share of what its column could explain.
_SOFT = 1e-4
_BOX = 10.0


@dataclass(frozen=True)
class Certificate:
    """What is known about how far a fitted pair (coef, intercept) is from optimal.

    All values are in the units of P (see the module's docstring); for
    :func:`certify_ridge` in the units of Ridge's objective.
    """

    primal: float
    """P at the fitted point; inf outside the box or where an excluded one is not 0."""
    dual: float
    """The best D over the dual points tried."""
    gap: float
    """primal - dual: an upper bound of the suboptimality."""
    boxed_gap: float
    """The gap with infinite bounds cut (see above); never larger than ``gap``."""
    coordinate_gain: float
    """Largest decrease from moving one coefficient (or the intercept) alone:
    a lower bound of the suboptimality."""
    subgradient: float
    """Largest distance from ``c_j - q_j beta_j`` to the subdifferential of
    ``a_j |.| + box`` over ``std(x_j) std(y)``: a pure number."""
    null_objective: float
    """1/2 sum p (y - mean)^2, the unit of ``tol`` (mean 0 without intercept)."""
    rounding: float
    """What storing X, coef and intercept in float64 can cost."""
    neglected: float
    """What the dual point owes to correlations of unpenalized columns taken for zero:
    D may exceed the optimum by so much."""

    @property
    def certified_gap(self) -> float:
        """The smaller of the two gaps."""
        return min(self.gap, self.boxed_gap)

    def limit(self, tol: float) -> float:
        """The largest gap that passes at ``tol``."""
        return tol * self.null_objective + self.rounding

    def problems(self, tol: float) -> list[str]:
        """Every way in which the point fails at ``tol``; empty for an optimum."""
        limit, found = self.limit(tol), []
        if not np.isfinite(self.primal):
            found.append("outside the bounds, not finite, or excluded yet not zero")
        if not self.certified_gap <= limit:
            found.append(f"gap {self.certified_gap:.3e} > {limit:.3e}")
        if not self.coordinate_gain <= limit:
            found.append(f"one coordinate gains {self.coordinate_gain:.3e}")
        least = -self.rounding - self.neglected - EPS * self.null_objective
        if not self.certified_gap >= least:
            found.append(f"the gap is negative: {self.certified_gap:.3e}")
        return found

    def accepts(self, tol: float) -> bool:
        """Whether the point is optimal within ``tol``."""
        return not self.problems(tol)


def _bent(data: Data, index: Array, excess: Array, t: Array) -> Array:
    """t minus the shortest d with ``x_j' d = excess_j`` for the columns in ``index``.

    Pivoted modified Gram-Schmidt with every product done twice, because it runs in
    any precision; a column left with 1e-13 of its norm adds rounding, not a direction.
    """
    rest = data.columns(index) / data.norm[index]
    excess = excess / data.norm[index]
    t = t.copy()
    for _ in range(min(rest.shape)):
        size = np.sqrt(data.row_weight @ rest**2)
        best = int(size.argmax())
        if size[best] <= _RANK_TOL:
            break
        direction = rest[:, best] / size[best]
        direction = direction / np.sqrt(data.dot(direction, direction))
        step = excess[best] / size[best]
        t -= step * direction
        excess = excess - step * ((data.row_weight * direction) @ rest)
        for _ in range(2):
            rest -= np.outer(direction, (data.row_weight * direction) @ rest)
        rest[:, best] = 0
        excess[best] = 0
    return t


def _maximum(dual: Callable[[Any, Array], Any], most: Any, box: Array) -> Any:
    """The largest dual(t, box) for 0 <= t <= most, by ternary search (D is concave)."""
    low, high = most * 0, most
    best = max(dual(low, box), dual(high, box))
    for _ in range(30):
        third = (high - low) / 3
        left, right = dual(low + third, box), dual(high - third, box)
        best = max(best, left, right)
        low, high = (low + third, high) if left < right else (low, high - third)
    return best


def _best_duals(
    data: Data, penalty: PenaltyTerms, beta: Array, residual: Array, size: Any
) -> tuple[Any, Any]:
    """The best D, exact and boxed, over the dual points of the module's docstring."""
    noise = _neglected(data, penalty, size)
    box = _box(data, beta)
    c = data.correlate(residual)
    ends = [end + penalty.q * beta for end in penalty.subdifferential(beta)]
    aim = np.clip(c, *ends)
    slack = np.minimum(c - ends[0], ends[1] - c)
    held = np.flatnonzero((noise > 0) & (slack <= noise))
    bent = _bent(data, held, (c - aim)[held], residual)
    exact = boxed = -np.inf
    for point, wanted in ((residual, np.where(penalty.a == 0, aim, c)), (bent, aim)):
        c = data.correlate(point)
        met = np.zeros(len(c), dtype=bool)
        met[held] = np.abs(c - wanted)[held] <= noise[held]
        c = np.where(met, wanted, c)
        fit, square = data.dot(data.y, point), data.dot(point, point)

        def dual(
            t: Any, limit: Array, c: Array = c, f: Any = fit, s: Any = square
        ) -> Any:
            return t * f - t * t * s / 2 - penalty.conjugate(t * c, limit)

        exact = max(
            exact, _maximum(dual, penalty.shrinkage(c), np.full_like(box, np.inf))
        )
        boxed = max(boxed, _maximum(dual, c.dtype.type(1), box))
    return exact, boxed


def _neglected(data: Data, penalty: PenaltyTerms, size: Any) -> Array:
    """The error of ``c_j`` that `_best_duals` takes for none, 0 where it takes none.

    Only of columns whose penalty is soft, or that have none.
    """
    deviation = np.sqrt(data.dot(data.y, data.y))
    soft = penalty.a <= _SOFT * data.norm * deviation
    soft &= penalty.q <= _SOFT * data.norm**2
    return np.where(soft, _RANK_TOL * data.norm * size, 0)


def _coordinate_gain(data: Data, penalty: PenaltyTerms, beta: Array, c: Array) -> Any:
    """max_j P(beta) - min over beta_j of P: each one-dimensional problem is

    1/2 L t^2 - z t + a |t| + q/2 t^2 with L = |x_j|^2, z = c_j + L beta_j, solved by
    soft-thresholding z at a, dividing by L + q and clipping.
    """
    curvature = data.norm**2 + penalty.q
    z = c + data.norm**2 * beta
    soft = np.sign(z) * np.maximum(np.abs(z) - penalty.a, 0)
    flat = curvature == 0
    best = np.where(flat, np.where(penalty.a > 0, 0, beta), soft)
    best = np.clip(best / np.where(flat, 1, curvature), penalty.lower, penalty.upper)
    # Difference of the two values, arranged so that equal ones cancel exactly.
    step = beta - best
    gain = step * (curvature * (beta + best) / 2 - z)
    return np.max(gain + penalty.a * (np.abs(beta) - np.abs(best)), initial=0)


def certify(X: Any, y: Any, coef: Any, intercept: Any, **options: Any) -> Certificate:
    """Judge one fitted Lasso or Elastic Net; `options` are those of `FitOptions`.

    Parameters
    ----------
    X : (n, p) array or scipy sparse
    y : (n,) array
    coef : (p,) array
        In the units of X.
    intercept : float
    """
    given = FitOptions(**options)
    data = prepare(X, y, given.sample_weight, given.standardize, given.fit_intercept)
    penalty = PenaltyTerms.build(
        data, given.alpha, given.l1_ratio, given.penalty_factor, given.bounds
    )
    beta = np.asarray(coef).astype(data.norm.dtype).ravel()
    null = float(data.dot(data.y, data.y) / 2)
    shift = np.asarray(intercept).astype(beta.dtype) - data.y_mean + data.center @ beta
    finite = bool(np.all(np.isfinite(beta)) and np.isfinite(shift))
    if not finite or (not given.fit_intercept and intercept != 0):
        inf = np.inf
        return Certificate(inf, -inf, inf, inf, inf, inf, null, 0.0, 0.0)
    residual = data.y - data.predict(beta)
    # The size of the sums that made the residual bounds what rounding did to them.
    size = data.norm @ np.abs(beta) + np.sqrt(2 * null)
    reach = np.abs(data.y + data.y_mean).max() + data.largest @ np.abs(beta)
    # c_j is uncertain by eps |x_j| size, and the boxed dual multiplies it by M_j.
    boxes = _BOX * (size + len(beta) * np.sqrt(2 * null))
    rounding = EPS * size * (16 * size + boxes) + (16 * EPS * reach) ** 2 / 2
    rounding += _last_bit(data, penalty, beta, residual)
    primal = data.dot(residual, residual) / 2 + penalty.value(beta)
    primal += _shift_cost(data, residual, shift)
    dual, boxed = _best_duals(data, penalty, beta, residual, size)
    c = data.correlate(residual)
    inner = penalty.distance(c - penalty.q * beta, beta)
    unit = data.norm * np.sqrt(2 * null)
    gain = max(_coordinate_gain(data, penalty, beta, c), shift**2 / 2)
    return Certificate(
        primal=float(primal),
        dual=float(dual),
        gap=float(primal - dual),
        boxed_gap=float(primal - boxed),
        coordinate_gain=float(gain),
        subgradient=float(np.max(inner[unit > 0] / unit[unit > 0], initial=0)),
        null_objective=null,
        rounding=float(rounding),
        neglected=float(_neglected(data, penalty, size) @ np.abs(beta)),
    )


def _last_bit(data: Data, penalty: PenaltyTerms, beta: Array, residual: Array) -> Any:
    """What half a unit in the last place of X is worth to unpenalized columns.

    An entry of X is known to ``eps |x_ij|``, so c_j to ``eps max_i |x_ij| |r|``: in a
    column far from zero much more than ``eps |x_j| |r|``. Columns that depend on each
    other but for those last bits (integers, plus 1e6, times a scale, say) could fit
    noise with coefficients of 1e10; nothing but a penalty makes them not to, and a
    solver that takes such columns for dependent is right: its answer is optimal for an
    X that differs in the last bits. The boxed dual multiplies the error by M_j.
    """
    free = (penalty.a == 0) & (penalty.q == 0) & (penalty.lower < penalty.upper)
    free &= data.norm > 0
    box = _box(data, beta)
    reach = np.minimum(np.maximum(penalty.upper, -penalty.lower), box)
    error = EPS * data.largest * np.sqrt(data.dot(residual, residual))
    return (reach * error)[free].sum()


def _box(data: Data, beta: Array) -> Array:
    """The bounds M_j of the boxed gap."""
    sigma_y = np.sqrt(data.dot(data.y, data.y))
    safe = np.where(data.norm > 0, data.norm, 1)
    return np.asarray(
        _BOX * (np.abs(beta) + np.where(data.norm > 0, sigma_y / safe, 0))
    )


def _shift_cost(data: Data, residual: Array, shift: Any) -> Any:
    """What the given intercept costs above the best one: sum p (r - s)^2/2 - r^2/2."""
    return shift * shift / 2 - shift * data.row_weight @ residual


def certify_ridge(
    X: Any,
    y: Any,
    coef: Any,
    intercept: Any,
    *,
    alpha: float,
    sample_weight: Any = None,
    **options: Any,
) -> Certificate:
    """Judge one fitted Ridge (one target), in the units of Ridge's own objective

    ``R = sum_i w_i r_i^2 + alpha sum_j f_j (s_j beta_j)^2``. With ``W = sum(w)``,
    ``R = 2 W P`` where P has ``l1_ratio = 0`` and ``alpha / W``.
    """
    total = float(X.shape[0] if sample_weight is None else np.sum(sample_weight))
    found = certify(
        X,
        y,
        coef,
        intercept,
        alpha=alpha / total,
        l1_ratio=0.0,
        sample_weight=sample_weight,
        **options,
    )
    scaled = {
        field.name: 2 * total * getattr(found, field.name) for field in fields(found)
    }
    return Certificate(**{**scaled, "subgradient": found.subgradient})
