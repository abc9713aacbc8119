"""From an opened problem to a `RegularizationPath`: the work of the path functions."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from regkit.linear_model._grid import check_alphas, decreasing
from regkit.linear_model._problem import PathRequest, Problem
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.solvers.folds.in_memory import PathSettings


def compute_path(
    problem: Problem,
    l1_ratio: float,
    alphas: Any,
    n_alphas: int,
    eps: float,
    settings: PathSettings,
    max_nonzero: int | None = None,
) -> RegularizationPath:
    """Compute a path for one of the public functions.

    Parameters
    ----------
    problem : Problem
        Of one target, or of classes that are one problem.
    l1_ratio : float
        Share of the L1 penalty.
    alphas, n_alphas, eps, max_nonzero : object
        As documented in `lasso_path`.
    settings : PathSettings
        For the solver.

    Returns
    -------
    path : RegularizationPath
        The solutions.
    """
    penalty = problem.penalty(l1_ratio)
    if alphas is None or isinstance(alphas, Integral):
        n_alphas = n_alphas if alphas is None else int(alphas)
        grid = problem.automatic_grid(penalty, n_alphas, float(eps))
    else:
        grid = decreasing(check_alphas(alphas))
    asked = PathRequest(penalty, grid, settings, max_nonzero=max_nonzero)
    result = problem.path(asked)
    if not len(result.alphas):
        raise ValueError(
            f"max_nonzero={max_nonzero} leaves no solution: the model at the first "
            f"alpha, {grid[0]:g}, has more nonzero coefficients."
        )
    problem.report(result, settings)
    problem.refuse_underflow()
    path = problem.regularization_path(result)
    assert path is not None  # of one problem
    return path
