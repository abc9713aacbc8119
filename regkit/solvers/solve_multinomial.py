"""The regularization path of multinomial logistic regression."""

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.solvers.losses import LossTask
from regkit.solvers.multinomial import Multinomial
from regkit.solvers.paths.grouped import GroupedPath
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.quickest import LossWalk
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult


def solve_multinomial_path(
    design: RowDesign,
    classes: Indices,
    n_classes: int,
    penalty: Penalty,
    alphas: Floats,
    *,
    offset: Floats | None = None,
    tol: float = 1e-8,
    max_iter: int = 1000,
    start: tuple[Floats, Floats] | None = None,
    max_nonzero: int | None = None,
    is_grouped: bool = False,
) -> PathResult:
    """Minimize ``Σ p_i (log Σ_k e^eta_ik - eta_iy)`` and the penalty of all classes.

    Parameters
    ----------
    design : Design
    classes : ndarray (n,) of int
        The rows' classes, from 0 to ``n_classes - 1``.
    n_classes : int
    penalty : Penalty
        Of each class's coefficients.
    alphas : ndarray (K,)
        Strictly decreasing, non-negative.
    offset : ndarray (n, n_classes) or None
    tol, max_iter : float, int
        As `solve_loss_path` takes them.
    start : pair of ndarray (p, n_classes) and (n_classes,), or None
    max_nonzero : int or None
        End the path before the first solution with more nonzero coefficients, those of
        all classes counted.
    is_grouped : bool
        Whether the L1 part of the penalty is of the norm of each column's coefficients,
        in place of their sizes' sum. There are no bounds then.

    Returns
    -------
    result : PathResult
        Of shape (K, n_classes): what an alpha has one of, as its gap, is repeated. The
        intercepts of an alpha sum to zero where they are fitted.

    Raises
    ------
    ValueError
        Where a class has no row of positive weight.
    """
    # Squares of a norm are sums of squares: without L1 both penalties are one.
    is_grouped = is_grouped and penalty.l1_ratio > 0.0
    walk = _walk(classes, n_classes, offset, tol, max_iter, is_grouped)
    return walk.solve(design, penalty, alphas, start, max_nonzero)


def multinomial_alpha_grid(
    design: RowDesign,
    classes: Indices,
    n_classes: int,
    penalty: Penalty,
    n_alphas: int = 100,
    eps: float = 1e-2,
    *,
    offset: Floats | None = None,
    is_grouped: bool = False,
) -> Floats:
    """Return ``n_alphas`` alphas from the true alpha_max down to ``eps`` of it.

    Raises
    ------
    ValueError
        When ``penalty.l1_ratio`` is 0: no finite alpha makes all coefficients zero.
    """
    walk = _walk(classes, n_classes, offset, 1e-10, 1000, is_grouped)
    return walk.grid(design, penalty, n_alphas, eps)


def _walk(
    classes: Indices,
    n_classes: int,
    offset: Floats | None,
    tol: float,
    max_iter: int,
    is_grouped: bool,
) -> LossWalk:
    """Return the problem of the classes' indicators and offsets, class after class."""
    indicators = (classes == np.arange(n_classes)[:, None]).astype(np.float64)
    task = LossTask(
        Multinomial(n_classes),
        indicators.reshape(-1),
        None if offset is None else offset.T.reshape(-1),
        tol,
        max_iter,
    )
    return LossWalk(task, GroupedPath if is_grouped else NewtonPath, n_classes)
