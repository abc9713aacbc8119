"""An outside judge of fits under losses beyond squares.

Nothing here comes from the package under test. For row shares p_i, eta = X b + b0 + o
and the penalty alpha Σ f_j (rho |b_j| + (1 - rho)/2 b_j²) of scaled coefficients, any
u with Σ p u = 0 (for a free intercept) bounds the optimum:

    gap(u) = Σ p_i (f(eta_i) + f*(-u_i) + u_i eta_i)
             + Σ_j (h_j(b_j) + h_j*(c_j) - c_j b_j),    c = Xᵀ(p u).

Among the candidates for u are the residual, balanced and shrunk, and the residual of
the problem linearized around the fit, from a dense Newton system on the coefficients
that are neither zero nor at a bound. Each gap is a bound, so the least one is.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, xlogy


@dataclass(frozen=True)
class Family:
    """f, f', f'' and f*, row by row."""

    value: object
    slope: object
    curvature: object
    conjugate: object


def _tweedie(power):
    def value(y, z):
        a = np.exp((2 - power) * z) / (2 - power)
        return a + y * np.exp((1 - power) * z) / (power - 1)

    def slope(y, z):
        return np.exp((2 - power) * z) - y * np.exp((1 - power) * z)

    def curvature(y, z):
        first = (2 - power) * np.exp((2 - power) * z)
        return first + (power - 1) * y * np.exp((1 - power) * z)

    def conjugate(y, a):
        low, high = np.full_like(a, -300.0), np.full_like(a, 300.0)
        for _ in range(200):
            middle = 0.5 * (low + high)
            above = slope(y, middle) > a
            high, low = np.where(above, middle, high), np.where(above, low, middle)
        middle = 0.5 * (low + high)
        return np.where((y == 0) & (a < 0), np.inf, a * middle - value(y, middle))

    return Family(value, slope, curvature, conjugate)


def _entropy(t):
    return np.where(t < 0, np.inf, xlogy(np.abs(t), np.abs(t)))


def family(name, power=1.5):
    """Return a loss by its name."""
    if name == "logistic":
        return Family(
            lambda y, z: np.logaddexp(0, z) - y * z,
            lambda y, z: expit(z) - y,
            lambda y, z: expit(z) * expit(-z),
            lambda y, a: _entropy(y + a) + _entropy(1 - y - a),
        )
    if name == "Poisson":
        return Family(
            lambda y, z: np.exp(z) - y * z,
            lambda y, z: np.exp(z) - y,
            lambda y, z: np.exp(z),
            lambda y, a: _entropy(y + a) - (y + a),
        )
    if name == "Gamma":
        return Family(
            lambda y, z: z + y * np.exp(-z),
            lambda y, z: 1 - y * np.exp(-z),
            lambda y, z: y * np.exp(-z),
            lambda y, a: np.where(
                a >= 1, np.inf, -(1 - a) * (1 + np.log(y / np.maximum(1 - a, 1e-300)))
            ),
        )
    if name == "squared hinge":
        return Family(
            lambda y, z: np.maximum(0, 1 - y * z) ** 2,
            lambda y, z: -2 * y * np.maximum(0, 1 - y * z),
            lambda y, z: 2.0 * (y * z < 1),
            lambda y, a: np.where(a * y > 0, np.inf, a * y + a * a / 4),
        )
    if name == "hinge":

        def smoothed(y, z):
            m = np.maximum(0, 1 - y * z)
            return np.where(m < power, m * m / (2 * power), m - power / 2)

        return Family(
            smoothed,
            lambda y, z: -y * np.clip((1 - y * z) / power, 0, 1),
            lambda y, z: np.where((1 - y * z > 0) & (1 - y * z < power), 1 / power, 0),
            lambda y, a: np.where(
                (a * y > 0) | (a * y < -1), np.inf, a * y + power * a * a / 2
            ),
        )
    if name == "squared":
        return Family(
            lambda y, z: (y - z) ** 2 / 2,
            lambda y, z: z - y,
            lambda y, z: np.ones_like(z - y),
            lambda y, a: a * y + a * a / 2,
        )
    return _tweedie(power)


def relative_gap(
    X,
    y,
    loss,
    coef,
    intercept,
    alpha,
    *,
    l1_ratio=1.0,
    factor=None,
    bounds=(-np.inf, np.inf),
    sample_weight=None,
    offset=None,
    standardize=False,
    fit_intercept=True,
):
    """Return a bound on the suboptimality over the null deviance."""
    X = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=float)
    n, p = X.shape
    share = np.ones(n) if sample_weight is None else np.asarray(sample_weight, float)
    share = share / share.sum()
    X, y, share = X[share > 0], y[share > 0], share[share > 0]
    o = np.zeros(len(y)) if offset is None else offset[-len(y) :]
    factor = np.ones(p) if factor is None else np.asarray(factor, float)
    mean = share @ X
    deviation = np.sqrt(share @ (X - mean) ** 2)
    scale = np.where(deviation > 0, deviation, 1.0) if standardize else np.ones(p)
    kept = np.isfinite(factor)
    assert np.all(coef[~kept] == 0)
    eta = X @ coef + intercept + o
    center = mean if fit_intercept else 0.0
    Z = ((X - center) / scale)[:, kept]
    b = (coef * scale)[kept]
    low = (np.broadcast_to(bounds[0], (p,)) * scale)[kept]
    high = (np.broadcast_to(bounds[1], (p,)) * scale)[kept]
    assert np.all(b >= low - 1e-12 * np.abs(b))
    assert np.all(b <= high + 1e-12 * np.abs(b))
    l1, l2 = alpha * l1_ratio * factor[kept], alpha * (1 - l1_ratio) * factor[kept]
    residual = -loss.slope(y, eta)
    w = np.maximum(loss.curvature(y, eta), 1e-300)

    def balanced(u):
        if not fit_intercept:
            return u
        up, down = share @ np.maximum(u, 0), share @ np.maximum(-u, 0)
        if min(up, down) == 0:
            return 0 * u
        return np.where(u > 0, u * min(1, down / up), u * min(1, up / down))

    def gap(u):
        c = Z.T @ (share * u)
        # Rounding errors of the slopes of free columns are no slopes.
        noise = 1e-12 * np.sqrt(share @ Z**2) * np.sqrt(share @ u**2)
        c = np.where((l1 == 0) & (l2 == 0) & (np.abs(c) <= noise), 0.0, c)
        forced = np.where(c > 0, high == np.inf, low == -np.inf) & (l2 == 0)
        over = forced & (np.abs(c) > l1)
        if np.any(over):
            kappa = np.min(l1[over] / np.abs(c[over]))
            u, c = kappa * u, kappa * c
        with np.errstate(all="ignore"):
            best = np.sign(c) * np.where(l2 > 0, (np.abs(c) - l1) / l2, np.inf)
        best = np.where(np.abs(c) > l1, np.clip(best, low, high), 0.0)
        best = np.where(over, 0.0, best)
        rows = loss.value(y, eta) + loss.conjugate(y, -u) + u * eta
        own = l1 * np.abs(b) + 0.5 * l2 * b * b
        star = c * best - l1 * np.abs(best) - 0.5 * l2 * best * best
        return share @ rows + np.sum(own + star - c * b)

    def linearized(dual):
        active = ((b != 0) | ((l1 == 0) & (l2 == 0))) & (b > low) & (b < high)
        A = Z[:, active]
        if fit_intercept:
            A = np.column_stack([A, np.ones(len(y))])
        ridge = np.append(l2[active], 0.0)[: A.shape[1]]
        side = np.append(l1[active] * np.sign(b[active]), 0.0)[: A.shape[1]]
        value = np.append(b[active], 0.0)[: A.shape[1]]
        matrix = A.T @ ((share * w)[:, None] * A) + np.diag(ridge)
        step = np.linalg.lstsq(
            matrix, A.T @ (share * dual) - side - ridge * value, rcond=1e-14
        )[0]
        return dual - w * (A @ step)

    with np.errstate(all="ignore"):
        found = [gap(balanced(residual)), gap(0.0 * residual)]
        u = residual
        for _ in range(2):
            u = linearized(u)
            found.append(gap(u))
    null = np.full(len(y), 0.0) + o
    if fit_intercept:
        shift_low, shift_high = -300.0, 300.0
        for _ in range(200):
            middle = 0.5 * (shift_low + shift_high)
            if share @ loss.slope(y, null + middle) > 0:
                shift_high = middle
            else:
                shift_low = middle
        null = null + middle
    deviance = share @ (loss.value(y, null) + loss.conjugate(y, np.zeros(len(y))))
    return float(np.nanmin(found) / deviance)
