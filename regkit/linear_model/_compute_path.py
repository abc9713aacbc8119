"""From checked arguments to a `RegularizationPath`: the work of the path functions."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from regkit.linear_model._grid import automatic_grid, decreasing_alphas
from regkit.linear_model._problem import Setup, open_problem, require_one_target
from regkit.linear_model._regularization_path import (
    RegularizationPath,
    as_regularization_path,
)
from regkit.linear_model._report import report
from regkit.solvers.folds.in_memory import PathSettings


def compute_path(
    setup: Setup,
    X: Any,
    y: Any,
    sample_weight: Any,
    l1_ratio: float,
    *,
    alphas: Any,
    n_alphas: int,
    eps: float,
    settings: PathSettings,
    max_nonzero: int | None,
) -> RegularizationPath:
    """Compute a path for one of the public functions.

    Parameters
    ----------
    setup : Setup
        Names the public function.
    X, y, sample_weight : object
        As the user passed them.
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
    name = setup.name
    problem = open_problem(setup, name, X, y, sample_weight, has_l1=l1_ratio > 0.0)
    require_one_target(name, problem.n_targets, "call it once for each column")
    limits = problem.limits
    penalty = limits.penalty(problem.n_features, l1_ratio)
    if isinstance(alphas, Integral):
        n_alphas, alphas = int(alphas), None
    if alphas is None:
        grid = automatic_grid(name, problem, penalty, n_alphas, eps)
    else:
        grid = decreasing_alphas(alphas)
    result = problem.path(penalty, grid, settings, max_nonzero=max_nonzero)
    if not len(result.alphas):
        raise ValueError(
            f"max_nonzero={max_nonzero} leaves no solution: the model at the first "
            f"alpha, {grid[0]:g}, has more nonzero coefficients."
        )
    report(
        name,
        result,
        factor=limits.factor,
        standardize=setup.standardize,
        tol=settings.tol,
        max_iter=settings.max_iter,
    )
    problem.refuse_underflow(name)
    return as_regularization_path(result, problem.feature_names)
