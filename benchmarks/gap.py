"""An independent certificate: the duality gap of the Lasso, by its formula in float64.

With r = y - X beta - b, the primal objective is

    P = 1/(2n) ||r||^2 + alpha ||beta||_1.

Let rc = r - mean(r) and yc = y - mean(y). For any number s with
|s| ||X' rc||_inf <= n alpha, the vector s rc sums to zero and is dual feasible, so

    D(s) = 1/n ( s rc'yc - s^2/2 ||rc||^2 )

bounds the optimum from below. The gap is P - D at the best feasible s, and the
relative gap divides by the null model's objective, 1/(2n) ||yc||^2. Nothing here
comes from regkit or from another solver.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Vector = NDArray[np.float64]

_COLUMNS_AT_ONCE = 8_192


def relative_gaps(
    X: Any, y: Vector, coefs: Any, intercepts: Vector, alphas: Vector
) -> Vector:
    """Certify a path.

    Parameters
    ----------
    X : ndarray or sparse matrix, shape (n, p)
    y : ndarray, shape (n,)
    coefs : ndarray or sparse matrix, shape (p, K)
        Coefficients, one column for each alpha.
    intercepts, alphas : ndarray, shape (K,)

    Returns
    -------
    ndarray, shape (K,)
        Duality gaps relative to the null model's objective.
    """
    n_samples = len(y)
    coefs = sparse.csr_matrix(coefs, dtype=np.float64)
    support = np.flatnonzero(np.diff(coefs.indptr))
    fitted = np.asarray(X[:, support] @ coefs[support].toarray())
    residuals = y[:, None] - fitted - intercepts
    penalties = alphas * np.asarray(np.abs(coefs).sum(axis=0)).ravel()
    primal = _squared_norms(residuals) / (2 * n_samples) + penalties

    residuals -= residuals.mean(axis=0)
    centered_y = y - y.mean()
    norms = np.maximum(_squared_norms(residuals), np.finfo(np.float64).tiny)
    products = residuals.T @ centered_y
    steepest = np.maximum(_largest_correlations(X, residuals), 1e-300)
    limits = n_samples * alphas / steepest
    scales = np.clip(products / norms, -limits, limits)
    dual = (scales * products - scales**2 / 2 * norms) / n_samples
    null_objective = centered_y @ centered_y / (2 * n_samples)
    return np.asarray((primal - dual) / null_objective, dtype=np.float64)


def _squared_norms(columns: Vector) -> Vector:
    return np.asarray(np.einsum("ij,ij->j", columns, columns), dtype=np.float64)


def _largest_correlations(X: Any, residuals: Vector) -> Vector:
    """``max_j |x_j' r_k|`` for each k, a block of columns of X at a time."""
    largest = np.zeros(residuals.shape[1])
    for start in range(0, X.shape[1], _COLUMNS_AT_ONCE):
        block = X[:, start : start + _COLUMNS_AT_ONCE]
        np.maximum(largest, np.abs(block.T @ residuals).max(axis=0), out=largest)
    return largest


def ridge_relative_gap(
    X: Any, y: Vector, coef: Vector, intercept: float, alpha: float
) -> float:
    """Certify one Ridge fit, objective ``||y - X coef - b||^2 + alpha ||coef||^2``.

    With the centered residual rc as the dual point, the gap is
    ``||alpha coef - X' rc||^2 / alpha + n mean(r)^2``; it is divided by the null
    model's ``||y - mean(y)||^2``.
    """
    residual = y - X @ coef - intercept
    mean = residual.mean()
    gradient = alpha * coef - X.T @ (residual - mean)
    gap = gradient @ gradient / alpha + len(y) * mean**2
    return float(gap / np.sum((y - y.mean()) ** 2))
