"""Slow solvers for tiny problems, written to be obviously right."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy.optimize

if TYPE_CHECKING:
    from tests.properties.problems import Problem

Array = npt.NDArray[Any]

# Singular values, beside the largest: below the first they are rounding of X, from the
# second on they are data.
_ROUNDING, _RANK = 1e-15, 1e-12


def _correlation_noise(p: Array, X: Array, y: Array, largest: Array) -> Array:
    """What rounding does to c_j: in sums, and in the last bits of X's entries."""
    size = np.sqrt(p @ y**2)
    eps = float(np.finfo(np.float64).eps)
    return np.asarray((1e-14 * np.sqrt(p @ X**2) + eps * largest) * size)


def _centered(
    X: Array, y: Array, sample_weight: Array | None, fit_intercept: bool
) -> tuple[Array, Array, Array, Array, Array]:
    """Weights summing to one, X and y centered, their means, column deviations."""
    p = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
    kept = p > 0
    X, y, p = X[kept], y[kept], p[kept] / p.sum()
    # Subtract a row first, so that a constant column or y centers to exact zeros and
    # large means cancel before they are summed.
    row, first = X[0], y[0]
    X, y = X - row, y - first
    mean, y_mean = p @ X, p @ y
    deviation = np.sqrt(p @ (X - mean) ** 2)
    if fit_intercept:
        means = np.append(row + mean, first + y_mean)
        return p, X - mean, y - y_mean, means, deviation
    return p, X + row, y + first, np.zeros(X.shape[1] + 1), deviation


def smallest_zero_alpha(
    X: Array,
    y: Array,
    sample_weight: Array | None,
    factor: Array,
    box: tuple[Array, Array],
    *,
    standardize: bool,
    fit_intercept: bool,
) -> float:
    """The Lasso's alpha_max: max over penalized j of c_j / (f_j s_j).

    c is the gradient at the residual of the unpenalized columns' own (bounded) least
    squares; only the sides that the bounds leave open count.
    """
    largest = np.abs(X).max(axis=0)
    p, X, y, _, scale = _centered(X, y, sample_weight, fit_intercept)
    scale = np.where(scale > 0, scale, 1.0) if standardize else np.ones_like(scale)
    lower, upper = box
    # Rounding errors of c come from all of y, not from what a fit leaves of it.
    noise = _correlation_noise(p, X, y, largest)
    free = np.flatnonzero(factor == 0)
    if len(free):
        y = y - _bounded_least_squares(X[:, free], y, p, lower[free], upper[free])
    c = (p * y) @ X
    c = np.where((c > 0) & (upper == 0) | (c < 0) & (lower == 0), 0.0, np.abs(c))
    counted = (factor > 0) & np.isfinite(factor) & (c > noise)
    return float(np.max(c[counted] / (factor * scale)[counted], initial=0.0))


def alpha_noise(
    X: Array,
    y: Array,
    sample_weight: Array | None,
    factor: Array,
    *,
    standardize: bool,
    fit_intercept: bool,
) -> float:
    """How far off rounding can put alpha_max: what |x_j| |y| eps makes of c_j.

    Sums of n products in float64 end within about sqrt(n) eps |x_j| |y| of the truth;
    where y is nearly orthogonal to all columns, c_j has no correct digit. The residual
    of unpenalized columns moves by their condition times that (Wedin 1973). Where the
    rounding of X decides which of them are dependent, nothing is known of alpha_max.
    """
    largest = np.abs(X).max(axis=0)
    p, X, y, _, scale = _centered(X, y, sample_weight, fit_intercept)
    scale = np.where(scale > 0, scale, 1.0) if standardize else np.ones_like(scale)
    counted = (factor > 0) & np.isfinite(factor)
    noise = _correlation_noise(p, X, y, largest)
    unpenalized = np.sqrt(p)[:, None] * X[:, factor == 0]
    lengths = np.linalg.norm(unpenalized, axis=0)
    unpenalized = unpenalized[:, lengths > 0] / lengths[lengths > 0]
    if unpenalized.size:
        values = np.linalg.svd(unpenalized, compute_uv=False)
        values /= values[0]
        if np.any((values > _ROUNDING) & (values < _RANK)):
            return np.inf
        noise /= values[values >= _RANK][-1]
    return float(np.max(noise[counted] / (factor * scale)[counted], initial=0.0))


def _bounded_least_squares(
    X: Array, y: Array, p: Array, lower: Array, upper: Array
) -> Array:
    """Fitted values of the least squares within the bounds."""
    root = np.sqrt(p)
    norm = np.linalg.norm(X * root[:, None], axis=0)
    norm = np.where(norm > 0, norm, 1.0)
    A, b = X * root[:, None] / norm, y * root
    if np.isinf(lower).all() and np.isinf(upper).all():
        return np.asarray(X / norm @ np.linalg.lstsq(A, b, rcond=_RANK)[0])
    lower, upper = lower * norm, upper * norm
    open_ = lower < upper
    coef = np.zeros(len(norm))
    if open_.any():
        size = float(np.linalg.norm(b)) or 1.0
        found = scipy.optimize.lsq_linear(
            A[:, open_],
            b / size,
            (lower[open_] / size, upper[open_] / size),
            method="bvls",
            tol=1e-15,
            max_iter=1000,
        )
        coef[open_] = size * found.x
    return np.asarray(X / norm @ coef)


def enumerate_solution(problem: Problem) -> tuple[Array, float]:
    """The exact optimum: every pattern of (at lower, at upper, zero, +, -) is tried.

    On the right pattern the optimum solves a linear system; on a wrong one the
    clipped solution is still feasible, so the best of all candidates is the optimum.
    Columns are brought to unit size first.
    """
    p, X, y, means, deviation = _centered(
        problem.dense.astype(float),
        problem.y.astype(float),
        problem.sample_weight,
        problem.fit_intercept,
    )
    norm = np.sqrt(p @ X**2)
    norm = np.where(norm > 0, norm, 1.0)
    size = float(np.sqrt(p @ y**2)) or 1.0
    unit = X / norm
    factor = problem.factor
    scale = np.ones_like(norm)
    if problem.standardize:
        scale = np.where(deviation > 0, deviation, 1.0)
    weight = problem.alpha * np.where(np.isinf(factor), 0.0, factor)
    a = weight * problem.l1_ratio * scale / norm / size
    q = weight * (1 - problem.l1_ratio) * (scale / norm) ** 2
    lower, upper = (bound * norm / size for bound in problem.box)
    lower = np.where(np.isinf(factor), 0.0, lower)
    upper = np.where(np.isinf(factor), 0.0, upper)
    G, z = unit.T @ (p[:, None] * unit) + np.diag(q), unit.T @ (p * y / size)

    best = np.zeros(len(z))
    value: Any = 0.0
    for pattern in itertools.product("lu0+-", repeat=len(z)):
        state = np.array(pattern)
        b = np.where(state == "l", lower, np.where(state == "u", upper, 0.0))
        if not np.all(np.isfinite(b)):
            continue
        on = np.flatnonzero((state == "+") | (state == "-"))
        sign = np.where(state == "+", 1.0, -1.0)
        rest = (z - a * sign - G @ b)[on]
        b[on] = np.linalg.lstsq(G[np.ix_(on, on)], rest, rcond=1e-13)[0]
        b = np.clip(b, lower, upper)
        found = b @ G @ b / 2 - z @ b + a @ np.abs(b)
        if found < value:
            best, value = b, found
    coef = np.clip(best * size / norm, *problem.box)
    return coef, float(means[-1] - means[:-1] @ coef) * problem.fit_intercept


def minimize(problem: Problem) -> tuple[Array, float]:
    """The optimum by scipy's bound-constrained least squares, for ``p`` up to dozens.

    beta = u - v with u, v >= 0 turns the absolute value linear; the linear term joins
    the squares because the quadratic part is made positive definite by ``q > 0``.
    """
    p, X, y, means, _ = _centered(
        problem.dense.astype(float),
        problem.y.astype(float),
        problem.sample_weight,
        problem.fit_intercept,
    )
    a = problem.alpha * problem.factor * problem.l1_ratio
    q = problem.alpha * problem.factor * (1 - problem.l1_ratio)
    lower, upper = problem.box
    G = X.T @ (p[:, None] * X)
    k = len(a)
    # 1/2|A t - b|^2 with A'A = [[G, -G], [-G, G]] + diag(q, q), A'b = (z - a, -z - a):
    # splitting q over both halves leaves the optimum alone, where u v = 0.
    kept = np.r_[upper, -lower] > 0
    full = np.block([[G, -G], [-G, G]]) + np.diag(np.r_[q, q])
    root = np.linalg.cholesky(full[np.ix_(kept, kept)]).T
    z = X.T @ (p * y)
    found = scipy.optimize.lsq_linear(
        root,
        np.linalg.solve(root.T, np.r_[z - a, -z - a][kept]),
        (0.0, np.r_[upper, -lower][kept]),
        method="bvls",
        tol=1e-15,
        max_iter=2000,
    )
    halves = np.zeros(2 * k)
    halves[kept] = found.x
    coef = halves[:k] - halves[k:]
    for bound in (lower, upper):
        coef = np.where(np.isclose(coef, bound, rtol=1e-13, atol=0), bound, coef)
    return coef, float(means[-1] - means[:-1] @ coef) * problem.fit_intercept
