"""Information criteria along a path of a loss that is a log-likelihood."""

import numpy as np

from regkit._types import Floats
from regkit.designs import RowDesign
from regkit.solvers.criteria import _free_columns, _log_choices, _trace
from regkit.solvers.folds.losses import held_out_losses, linear_predictors
from regkit.solvers.losses import LossTask
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult


def loss_criteria(
    design: RowDesign,
    task: LossTask,
    penalty: Penalty,
    path: PathResult,
    criterion: str,
    weight: Floats | None,
) -> Floats:
    """Return AIC, BIC or EBIC at every alpha, up to a constant.

    With n the sum of the weights, D the deviance (twice the loss, summed, above its
    least), k the degrees of freedom with the intercept and d of p penalized columns in
    the model,

        AIC   = D + 2 k
        BIC   = D + k log n
        EBIC  = BIC + 2 log C(p, d).

    Infinite where k >= n - 1. The criteria and references are those of
    `regkit.solvers.criteria.information_criteria`.

    Parameters
    ----------
    design, penalty, path : object
        Of the path.
    task : LossTask
        Its loss is a negative log-likelihood with known dispersion.
    criterion : {"aic", "bic", "ebic"}
    weight : ndarray (n,) or None
    """
    loss, y, offset = task.loss, task.y, task.offset
    n_rows = len(y)
    weight = np.ones(n_rows) if weight is None else weight
    n, rows = float(weight.sum()), np.arange(n_rows)
    paths = path.reshaped(-1, 1)
    losses = held_out_losses(design, loss, y[None], offset, weight, paths, rows)[:, 0]
    df = _degrees_of_freedom(design, task, penalty, path, weight / n)
    df += design.fit_intercept
    values = 2.0 * n * losses + df * (2.0 if criterion == "aic" else np.log(n))
    if criterion == "ebic":
        values += 2.0 * _log_choices(design, penalty, path)
    return np.where(df >= n - 1.0, np.inf, values)


def _degrees_of_freedom(
    design: RowDesign,
    task: LossTask,
    penalty: Penalty,
    path: PathResult,
    share: Floats,
) -> Floats:
    """Return ``tr(G (G + alpha D)⁻¹)``, G the Hessian of the loss at the optimum.

    Of the coefficients that are neither zero nor at a bound, with D their L2 penalties
    and the intercept eliminated; with an L1 penalty alone it is their number.
    """
    l2 = (1.0 - penalty.l1_ratio) * penalty.factor
    free = _free_columns(penalty, path)
    sizes = np.array([len(columns) for columns in free], dtype=np.float64)
    if penalty.l1_ratio == 1.0:
        return sizes
    y = task.y
    eta = linear_predictors(design, path, task.offset, np.arange(len(y)))
    residual, curvature = np.empty(len(y)), np.empty(len(y))
    for i, columns in enumerate(free):
        penalties = path.alphas[i] * l2[columns]
        if not penalties.any():
            continue
        task.loss.differentiate(
            y, share, np.ascontiguousarray(eta[:, i]), residual, curvature
        )
        Z = design.gather(columns)  # times the roots of the shares
        gram = (Z * curvature) @ Z.T
        if design.fit_intercept:
            level = Z @ (np.sqrt(share) * curvature)
            gram -= np.outer(level, level) / max(float(share @ curvature), 1e-300)
        sizes[i] = _trace(gram, penalties)
    return sizes
