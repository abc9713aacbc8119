"""From checked arguments to a `RegularizationPath`: the work of the path functions."""

from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.linear_model._grid import decreasing_alphas
from regkit.linear_model._limits import check_limits
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.linear_model._statistics_of import problem_of
from regkit.linear_model._warnings import (
    raise_if_overflowed,
    unpenalized_cause,
    warn_not_converged,
    warn_not_unique,
)
from regkit.solvers.paths.grid import alpha_grid
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve import solve_path


def compute_path(
    name: str,
    X: Any,
    y: Any,
    sample_weight: Any,
    l1_ratio: float,
    *,
    alphas: Any,
    n_alphas: int,
    eps: float,
    fit_intercept: bool,
    standardize: bool,
    limits: tuple[bool, Any, Any],
    options: dict[str, Any],
) -> RegularizationPath:
    """Compute a path for one of the public functions.

    Parameters
    ----------
    name : str
        The public function, for messages.
    X, y, sample_weight : object
        As the user passed them.
    l1_ratio : float
        Share of the L1 penalty.
    alphas, n_alphas, eps, fit_intercept, standardize : object
        As documented in `lasso_path`.
    limits : tuple of (positive, bounds, penalty_factor)
        As documented in `lasso_path`.
    options : dict
        Passed on to the solver.

    Returns
    -------
    path : RegularizationPath
        The solutions.
    """
    design, y, feature_names = problem_of(
        name, name, X, y, sample_weight, bool(fit_intercept), bool(standardize)
    )
    target = _one_target(name, y)
    checked = check_limits(design.n_features, *limits, feature_names)
    if isinstance(alphas, Integral):
        n_alphas, alphas = int(alphas), None
    if alphas is not None:
        alphas = decreasing_alphas(alphas)
    elif l1_ratio == 0:
        raise ValueError(
            f"{name} needs alphas when l1_ratio=0: the automatic grid starts where "
            "all coefficients become zero, which a pure L2 penalty never does."
        )
    penalty = Penalty.build(
        design.n_features, l1_ratio, checked.factor, checked.lower, checked.upper
    )
    with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
        # A column whose length is NaN would take no part, in silence.
        if alphas is None:
            alphas = alpha_grid(design, target, penalty, n_alphas=n_alphas, eps=eps)
        result = solve_path(design, target, penalty, alphas, **options)
    if not len(result.alphas):
        raise ValueError(
            f"max_nonzero={options['max_nonzero']} leaves no solution: the model at "
            f"the first alpha, {alphas[0]:g}, has more nonzero coefficients."
        )
    _judge(name, result, checked.factor, bool(standardize), options)
    return as_regularization_path(result, feature_names)


def as_regularization_path(
    result: PathResult, feature_names: NDArray[Any] | None
) -> RegularizationPath:
    """Turn a solver's result into what users get.

    Parameters
    ----------
    result : PathResult
        All alphas solved.
    feature_names : ndarray of shape (n_features,) or None
        Column names of a dataframe.

    Returns
    -------
    path : RegularizationPath
        The solutions.
    """
    coefs = _without_stored_zeros(result.coefs)
    return RegularizationPath(
        alphas=result.alphas,
        sparse_coefs=coefs,
        intercepts=result.intercepts,
        dual_gaps=result.dual_gaps,
        n_nonzero=np.diff(coefs.indptr),
        n_iters=result.n_iters,
        solver=result.solver,
        null_objective=float(result.null_objectives[0]),
        feature_names_in_=feature_names,
    )


def _one_target(name: str, y: Floats) -> Floats:
    if y.ndim == 2:
        if y.shape[1] > 1:
            raise ValueError(
                f"{name} takes one target at a time: y has shape {y.shape}; call it "
                "once for each column."
            )
        return np.ascontiguousarray(y[:, 0])
    return y


def _judge(
    name: str,
    result: PathResult,
    factor: Floats | None,
    standardize: bool,
    options: dict[str, Any],
) -> None:
    raise_if_overflowed(name, result.dual_gaps, result.intercepts)
    if not result.converged.all():
        warn_not_converged(
            name,
            result.dual_gaps,
            result.null_objectives,
            result.converged,
            ("alpha", result.alphas),
            tol=options["tol"],
            max_iter=options["max_iter"],
        )
    if not result.unique:
        cause = unpenalized_cause(result.alphas, factor)
        if cause:
            warn_not_unique(name, cause, result.solver, standardize)


def _without_stored_zeros(coefs: sp.csc_array) -> sp.csc_array:
    if coefs.data.all():
        return coefs
    coefs = coefs.copy()
    coefs.eliminate_zeros()
    return coefs
