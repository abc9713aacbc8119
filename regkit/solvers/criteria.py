"""Information criteria along a path."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import gammaln

from regkit._types import EPS, Floats, Indices
from regkit.designs import Design
from regkit.solvers.problem import Penalty, is_small
from regkit.solvers.results import PathResult


def information_criteria(
    design: Design,
    y: Floats,
    mean_square: Floats,
    penalty: Penalty,
    path: PathResult,
    criterion: str,
) -> Floats:
    """Return AIC, BIC or EBIC at every alpha, up to a constant.

    ``mean_square`` (A,) are the weighted means of the squared residuals, RSS / n.

    With n the sum of the weights, RSS the weighted residual sum of squares, k the
    degrees of freedom and d of p penalized columns in the model,

        AIC   = n log(RSS/n) + 2 k
        BIC   = n log(RSS/n) + k log n
        EBIC  = BIC + 2 log C(p, d).

    Infinite where nothing is left to estimate the noise from: k >= n - 1, or residuals
    that are rounding errors. A constant y leaves no residuals to any model: the terms
    in k and d alone tell them apart. EBIC: J. Chen and Z. Chen, "Extended Bayesian
    information criteria for model selection with large model spaces", Biometrika 95,
    2008, with their gamma = 1.
    """
    n = design.total_weight
    centered, mean = design.center(y)
    total = float(centered @ centered)
    noise = 64.0 * EPS * total
    if np.sqrt(total) <= 8.0 * EPS * np.max(np.abs(mean)):
        mean_square, noise = np.ones_like(mean_square), 0.0
    df = degrees_of_freedom(design, y, penalty, path)
    with np.errstate(divide="ignore"):
        values = n * np.log(mean_square)
    values += df * (2.0 if criterion == "aic" else np.log(n))
    if criterion == "ebic":
        values += 2.0 * _log_choices(design, penalty, path)
    hopeless = (df >= n - 1.0) | (mean_square <= noise)
    return np.where(hopeless, np.inf, values)


def _log_choices(design: Design, penalty: Penalty, path: PathResult) -> Floats:
    """Return the log of how many models of as many columns there are."""
    may_enter = (penalty.factor > 0.0) & np.isfinite(penalty.factor) & ~design.constant
    p = float(np.count_nonzero(may_enter))
    d = np.array(
        [
            np.count_nonzero(path.at(i).coefs[may_enter])
            for i in range(len(path.alphas))
        ],
        dtype=np.float64,
    )
    log_choices: Floats = gammaln(p + 1.0) - gammaln(d + 1.0) - gammaln(p - d + 1.0)
    return log_choices


def degrees_of_freedom(
    design: Design, y: Floats, penalty: Penalty, path: PathResult
) -> Floats:
    """Return the degrees of freedom at every alpha, the intercept not counted.

    ``tr(G (G + alpha D)⁻¹)`` with G the Gram matrix of the coefficients that are
    neither zero nor at a bound and D their L2 penalties: for the Lasso, their number
    (R. J. Tibshirani and J. Taylor, "Degrees of freedom in lasso problems", Annals of
    Statistics 40, 2012), which is also taken where columns depend on each other.
    """
    l2 = (1.0 - penalty.l1_ratio) * penalty.factor
    free = _free_columns(penalty, path)
    sizes = np.array([len(columns) for columns in free], dtype=np.float64)
    if penalty.l1_ratio == 1.0:
        return sizes
    union = np.unique(np.concatenate(free))
    gram = _gram_of(design, y, union)
    for i, columns in enumerate(free):
        at = np.searchsorted(union, columns)
        penalties = path.alphas[i] * l2[columns]
        if penalties.any():
            sizes[i] = _trace(gram[np.ix_(at, at)], penalties)
    return sizes


def _free_columns(penalty: Penalty, path: PathResult) -> list[Indices]:
    """Return the columns that are neither zero nor at a bound, at every alpha."""
    free = []
    for i in range(len(path.alphas)):
        coef = path.at(i).coefs[:, 0]
        inside = (coef > penalty.lower) & (coef < penalty.upper)
        free.append(np.flatnonzero(inside & (coef != 0.0)))
    return free


def _trace(gram: Floats, penalties: Floats) -> float:
    """Return ``tr(G (G + D)⁻¹)``."""
    shrunk = gram + np.diag(penalties)
    hat: NDArray[Any]
    try:
        hat = cho_solve(cho_factor(shrunk), gram)
    except np.linalg.LinAlgError:  # unpenalized columns that depend on each other
        hat = np.asarray(np.linalg.lstsq(shrunk, gram, rcond=1e-12)[0])
    return float(np.trace(hat))


def _gram_of(design: Design, y: Floats, columns: Indices) -> Floats:
    """Return the Gram matrix of some columns of Z."""
    if is_small(design):
        # Formed for the path, and kept.
        gram = design.gram(design.center(y)[0])[0][np.ix_(columns, columns)]
    else:
        store = design.columns()
        store.append(columns)
        gram = store.gram(0)
    return gram
