"""The regularization path of any loss: squares have solvers of their own."""

from regkit._types import Floats
from regkit.designs.protocols import RowDesign
from regkit.solvers.losses import HINGE, Loss, LossTask
from regkit.solvers.paths.hinge import HingePath
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_ahead import AheadPath
from regkit.solvers.paths.quickest import LossWalk
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve import alpha_grid, solve_path


def solve_loss_path(
    design: RowDesign,
    loss: Loss,
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    *,
    offset: Floats | None = None,
    tol: float = 1e-8,
    max_iter: int = 1000,
    start: tuple[Floats, float] | None = None,
    max_nonzero: int | None = None,
) -> PathResult:
    """Minimize ``Σ p_i f(y_i, eta_i)`` and the penalty, for decreasing alphas.

    With ``eta = X b + intercept + offset``.

    Parameters
    ----------
    design : Design
    loss : Loss
    y : ndarray (n,)
        Labels as the loss takes them: 0 or 1, -1 or 1 for the hinges, counts.
    penalty : Penalty
    alphas : ndarray (K,)
        Strictly decreasing, non-negative.
    offset : ndarray (n,) or None
    tol : float
        A solution has converged when its duality gap is at most ``tol`` times the null
        model's deviance, the mean loss above the least that any predictor reaches.
    max_iter : int
        Quadratic models minimized at each alpha.
    start : pair of ndarray (p,) and float, or None
        Coefficients and intercept to start from, user's units.
    max_nonzero : int or None
        End the path before the first solution with more nonzero coefficients.

    Returns
    -------
    result : PathResult
        ``null_objectives`` hold the null model's deviance.

    Raises
    ------
    ValueError
        Where no finite intercept exists: one class only, or nothing but zeros.
    """
    if loss.is_quadratic:
        return solve_path(
            design,
            y if offset is None else y - offset,
            penalty,
            alphas,
            tol=tol,
            max_iter=max_iter,
            max_nonzero=max_nonzero,
            start=None if start is None else start[0],
        )
    task = LossTask(loss, y, offset, tol, max_iter)
    return LossWalk(task, path_type(loss)).solve(
        design, penalty, alphas, start, max_nonzero
    )


def loss_alpha_grid(
    design: RowDesign,
    loss: Loss,
    y: Floats,
    penalty: Penalty,
    n_alphas: int = 100,
    eps: float = 1e-2,
    *,
    offset: Floats | None = None,
) -> Floats:
    """Return ``n_alphas`` alphas from the true alpha_max down to ``eps`` of it.

    alpha_max is the smallest alpha at which no penalized column enters, given the
    weights, the offset, and the fit of the intercept and the unpenalized columns.

    Raises
    ------
    ValueError
        When ``penalty.l1_ratio`` is 0: no finite alpha makes all coefficients zero.
    """
    if loss.is_quadratic:
        target = y if offset is None else y - offset
        return alpha_grid(design, target, penalty, n_alphas, eps)
    task = LossTask(loss, y, offset, tol=1e-10)
    return LossWalk(task, path_type(loss)).grid(design, penalty, n_alphas, eps)


def path_type(loss: Loss) -> type[NewtonPath]:
    """Return what minimizes the loss: the hinge has no second derivative."""
    return HingePath if loss == HINGE else AheadPath
