"""Whole regularization paths: `lasso_path` and `enet_path`."""

from __future__ import annotations

from typing import Any

from regkit._describe import described_as
from regkit._sklearn import validate_arguments
from regkit.linear_model._compute_path import compute_path
from regkit.linear_model._fit_parameters import (
    L1Share,
    LeastSquaresParameters,
    ProblemParameters,
)
from regkit.linear_model._least_squares import open_problem, require_one_target
from regkit.linear_model._parameters import GRID
from regkit.linear_model._problem import FitRows, Setup
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.solvers.folds.in_memory import PathSettings

__all__ = ["RegularizationPath", "enet_path", "lasso_path"]


@described_as(ProblemParameters)
@validate_arguments(GRID | LeastSquaresParameters._parameter_constraints)
def lasso_path(
    X: Any,
    y: Any = None,
    *,
    alphas: Any = None,
    n_alphas: int = 100,
    eps: float = 1e-3,
    fit_intercept: bool = True,
    standardize: bool = False,
    positive: bool = False,
    bounds: Any = None,
    penalty_factor: Any = None,
    sample_weight: Any = None,
    solver: str = "auto",
    tol: float = 1e-8,
    max_iter: int = 1000,
    max_nonzero: int | None = None,
) -> RegularizationPath:
    r"""Compute the Lasso at a whole sequence of alphas.

    The objective, for each alpha, is that of `LassoRegressor`. A whole path costs
    little more than its last alpha, since each solution starts the next.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
            (n_samples, n_features)
        Training rows; never written, never densified. `RowChunks`, memory maps of
        256 MB and more and Dask collections are read in chunks.
    y : array-like of shape (n_samples,), default=None
        Target. None where `RowChunks` bring it.
    alphas : int or array-like of shape (n_alphas,), default=None
        The grid: how many alphas, evenly spaced in the logarithm from the smallest one
        that makes all penalized coefficients zero (weights, bounds, penalty factors and
        centering taken into account), or the alphas themselves, non-negative, in any
        order; repeated values count once. None means `n_alphas` of them.
    n_alphas : int, default=100
        Number of alphas where `alphas` is None, as in scikit-learn.
    eps : float, default=1e-3
        Last alpha of the automatic grid relative to its first.
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights of the rows, non-negative and not all zero.
    solver : {"auto", "active_set", "coordinate_descent"}, default="auto"
        How to solve; "auto" picks by the shape of the problem.
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times the
        objective of the model without features,
        :math:`\frac{1}{2n} \sum_i w_i (y_i - \bar y)^2`.
    max_iter : int, default=1000
        Iterations allowed at each alpha.
    max_nonzero : int, default=None
        Stop the path early, before the first alpha with more nonzero coefficients.

    Returns
    -------
    path : RegularizationPath
        Solutions for all alphas in decreasing order; unpacks into
        ``alphas, coefs, dual_gaps``.

    Raises
    ------
    ValueError, TypeError
        When an argument or the data is not usable; the message names it. Also when
        `max_nonzero` leaves no solution at all.

    Warns
    -----
    ConvergenceWarning
        When the duality gap is above `tol` somewhere.
    UserWarning
        When unpenalized columns are linearly dependent, so that coefficients are not
        unique.

    See Also
    --------
    LassoRegressor : The estimator for one alpha.
    enet_path : With an L2 penalty as well.

    References
    ----------
    .. [1] R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal
       of the Royal Statistical Society B 58, 1996.
    .. [2] R. Tibshirani, J. Bien, J. Friedman, T. Hastie, N. Simon, J. Taylor and R. J.
       Tibshirani, "Strong rules for discarding predictors in lasso-type problems",
       Journal of the Royal Statistical Society B 74, 2012.

    Examples
    --------
    >>> from regkit.linear_model import lasso_path
    >>> X = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    >>> y = [0.0, 2.0, 4.0, 5.0]
    >>> path = lasso_path(X, y, n_alphas=3, eps=0.01)
    >>> path.alphas.round(5)
    array([2.125  , 0.2125 , 0.02125])
    >>> alphas, coefs, dual_gaps = path
    >>> coefs.round(4)
    array([[ 0.    ,  1.53  ,  1.7075],
           [ 0.    ,  0.    , -0.1225]])
    """
    setup = Setup(
        "lasso_path",
        bool(fit_intercept),
        bool(standardize),
        positive,
        bounds,
        penalty_factor,
    )
    settings = PathSettings(float(tol), max_iter, solver)
    grid = alphas, n_alphas, eps
    return _path(setup, X, y, sample_weight, 1.0, grid, settings, max_nonzero)


@described_as(lasso_path)
@validate_arguments(
    GRID
    | L1Share._parameter_constraints
    | LeastSquaresParameters._parameter_constraints
)
def enet_path(
    X: Any,
    y: Any = None,
    *,
    l1_ratio: float = 0.5,
    alphas: Any = None,
    n_alphas: int = 100,
    eps: float = 1e-3,
    fit_intercept: bool = True,
    standardize: bool = False,
    positive: bool = False,
    bounds: Any = None,
    penalty_factor: Any = None,
    sample_weight: Any = None,
    solver: str = "auto",
    tol: float = 1e-8,
    max_iter: int = 1000,
    max_nonzero: int | None = None,
) -> RegularizationPath:
    r"""Compute the elastic net at a whole sequence of alphas.

    The objective, for each alpha, is that of `ElasticNetRegressor`. A whole path costs
    little more than its last alpha, since each solution starts the next.

    Parameters
    ----------
    l1_ratio : float, default=0.5
        Share of the L1 penalty, from 0 to 1: 1 is the Lasso; 0 is a ridge penalty and
        needs `alphas`.

    See Also
    --------
    ElasticNetRegressor : The estimator for one alpha.
    lasso_path : With the L1 penalty alone.

    Examples
    --------
    >>> from regkit.linear_model import enet_path
    >>> X = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    >>> y = [0.0, 2.0, 4.0, 5.0]
    >>> path = enet_path(X, y, l1_ratio=0.5, alphas=[1.0, 0.1])
    >>> path.coefs.round(4)
    array([[0.9286, 1.5962],
           [0.    , 0.    ]])
    """
    setup = Setup(
        "enet_path",
        bool(fit_intercept),
        bool(standardize),
        positive,
        bounds,
        penalty_factor,
    )
    settings = PathSettings(float(tol), max_iter, solver)
    grid = alphas, n_alphas, eps
    return _path(
        setup, X, y, sample_weight, float(l1_ratio), grid, settings, max_nonzero
    )


def _path(
    setup: Setup,
    X: Any,
    y: Any,
    sample_weight: Any,
    l1_ratio: float,
    grid: tuple[Any, int, float],
    settings: PathSettings,
    max_nonzero: int | None,
) -> RegularizationPath:
    """Open the problem and compute its path."""
    name = setup.name
    given = FitRows(X, y, sample_weight, caller=name)
    problem = open_problem(setup, given, has_l1=l1_ratio > 0.0)
    require_one_target(name, problem.n_targets, "call it once for each column")
    return compute_path(problem, l1_ratio, *grid, settings, max_nonzero)
