"""Whole regularization paths of classes and counts: `logistic_path` and `glm_path`."""

from __future__ import annotations

from typing import Any

from regkit._describe import described_as
from regkit._sklearn import validate_arguments
from regkit.linear_model._compute_path import compute_path
from regkit.linear_model._fit_parameters import (
    FamilyParameters,
    MultinomialParameters,
    ProblemParameters,
)
from regkit.linear_model._parameters import GRID
from regkit.linear_model._problem import FitRows, Setup
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.linear_model.generalized_linear import GeneralizedLinearRegressor
from regkit.linear_model.logistic import LogisticClassifier
from regkit.linear_model.path import lasso_path

__all__ = ["glm_path", "logistic_path"]


def path_of_model(
    name: str,
    model: Any,
    given: FitRows,
    alphas: Any,
    n_alphas: int,
    eps: float,
    max_nonzero: int | None = None,
    target: int = 0,
) -> RegularizationPath:
    """Solve for many alphas what an estimator would for one.

    Parameters
    ----------
    name : str
        Of the public function, for messages.
    model : estimator
        Unfitted, with all parameters but alpha.
    given : FitRows
    alphas, n_alphas, eps, max_nonzero : object
        As for `logistic_path`.
    target : int
        The class, where each of several is separated from the rest.

    Returns
    -------
    path : RegularizationPath
    """
    setup = Setup.of(model)._replace(name=name)
    given = given._replace(caller=name)
    problem = model._open_anywhere(setup, given).of_target(target)
    return compute_path(
        problem,
        model._l1_ratio(),
        alphas,
        n_alphas,
        eps,
        model._settings(),
        max_nonzero,
    )


@validate_arguments(GRID | LogisticClassifier._parameter_constraints)
@described_as(ProblemParameters, MultinomialParameters, lasso_path)
def logistic_path(
    X: Any,
    y: Any = None,
    *,
    l1_ratio: float = 1.0,
    alphas: Any = None,
    n_alphas: int = 100,
    eps: float = 1e-3,
    fit_intercept: bool = True,
    standardize: bool = False,
    positive: bool = False,
    bounds: Any = None,
    penalty_factor: Any = None,
    class_weight: Any = None,
    multinomial_penalty: str = "separate",
    sample_weight: Any = None,
    offset: Any = None,
    tol: float = 1e-8,
    max_iter: int = 1000,
    max_nonzero: int | None = None,
) -> RegularizationPath:
    r"""Compute logistic regression at a whole sequence of alphas.

    The objective, for each alpha, is that of `LogisticClassifier`. A whole path costs
    little more than its last alpha, since each solution starts the next.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
            (n_samples, n_features)
        Training rows; never written, never densified. Rows in chunks are read by a few
        passes, each of which serves several alphas.
    y : array-like of shape (n_samples,), default=None
        Labels of two or more classes. None where `RowChunks` bring them.
    l1_ratio : float, default=1.0
        Share of the L1 penalty, from 0 to 1; 0 is an L2 penalty alone and needs
        `alphas`.
    alphas : array-like of shape (n_alphas,) or int, default=None
        Alphas to solve for, non-negative, in any order; repeated values count once.
        None lets `n_alphas` and `eps` choose; an int is `n_alphas`.
    n_alphas : int, default=100
        Length of the automatic grid, which is evenly spaced in the logarithm and
        starts at the smallest alpha without nonzero penalized coefficients, with
        weights, offset, bounds and penalty factors taken into account.
    class_weight : dict or "balanced", default=None
        Weights of the classes, by label; "balanced" gives every class the same total
        weight.
    offset : array-like of shape (n_samples,), default=None
        Added to the linear predictor of each row.
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times the mean
        loss of the model without features.
    max_iter : int, default=1000
        Newton steps allowed at each alpha.

    Returns
    -------
    path : RegularizationPath
        Solutions for all alphas in decreasing order; unpacks into
        ``alphas, coefs, dual_gaps``. Has `classes_`, `decision_function` and
        `predict_proba` besides.

    Raises
    ------
    ValueError, TypeError
        When an argument or the data is not usable, or when there is no finite optimum;
        the message names the argument, the class or the columns.

    See Also
    --------
    LogisticClassifier : The estimator for one alpha.
    glm_path : Of counts and positive amounts.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from regkit import logistic_path
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> path = logistic_path(X, y, standardize=True, eps=0.01)
    >>> path.n_nonzero[[0, 50, 99]]
    array([ 0,  5, 13])
    >>> path.predict_proba(X[:2], alpha=0.05).round(2)
    array([0.01, 0.05])
    """
    model = LogisticClassifier(
        l1_ratio=l1_ratio,
        fit_intercept=fit_intercept,
        standardize=standardize,
        positive=positive,
        bounds=bounds,
        penalty_factor=penalty_factor,
        class_weight=class_weight,
        multinomial_penalty=multinomial_penalty,
        tol=tol,
        max_iter=max_iter,
    )
    data = FitRows(X, y, sample_weight, offset)
    return path_of_model(
        "logistic_path", model, data, alphas, n_alphas, eps, max_nonzero
    )


@described_as(logistic_path, FamilyParameters)
@validate_arguments(GRID | GeneralizedLinearRegressor._parameter_constraints)
def glm_path(
    X: Any,
    y: Any = None,
    *,
    family: str = "poisson",
    power: float = 1.5,
    l1_ratio: float = 1.0,
    alphas: Any = None,
    n_alphas: int = 100,
    eps: float = 1e-3,
    fit_intercept: bool = True,
    standardize: bool = False,
    positive: bool = False,
    bounds: Any = None,
    penalty_factor: Any = None,
    sample_weight: Any = None,
    offset: Any = None,
    tol: float = 1e-8,
    max_iter: int = 1000,
    max_nonzero: int | None = None,
) -> RegularizationPath:
    r"""Compute Poisson, Gamma or Tweedie regression at a whole sequence of alphas.

    The objective, for each alpha, is that of `GeneralizedLinearRegressor`. A whole path
    costs little more than its last alpha, since each solution starts the next.

    Parameters
    ----------
    y : array-like of shape (n_samples,), default=None
        Counts or amounts. None where `RowChunks` bring them.
    offset : array-like of shape (n_samples,), default=None
        Added to the linear predictor of each row: the logarithm of its exposure.
    tol : float, default=1e-8
        An alpha has converged when its duality gap is at most `tol` times half the
        mean deviance of the model without features.

    Returns
    -------
    path : RegularizationPath
        Solutions for all alphas in decreasing order; unpacks into
        ``alphas, coefs, dual_gaps``. Its predictions are expected values.

    Raises
    ------
    ValueError, TypeError
        When an argument or the data is not usable, or when there is no finite optimum;
        the message names the argument or the columns.

    See Also
    --------
    GeneralizedLinearRegressor : The estimator for one alpha.
    GeneralizedLinearRegressorCV : With alpha chosen by cross-validation.
    logistic_path : Of classes.

    Examples
    --------
    >>> from regkit import glm_path, make_house_prices
    >>> X, y = make_house_prices(return_X_y=True)
    >>> path = glm_path(X, y, family="gamma", standardize=True, n_alphas=5)
    >>> path.n_nonzero
    array([ 0,  5,  8, 20, 25])
    """
    model = GeneralizedLinearRegressor(
        l1_ratio=l1_ratio,
        family=family,
        power=power,
        fit_intercept=fit_intercept,
        standardize=standardize,
        positive=positive,
        bounds=bounds,
        penalty_factor=penalty_factor,
        tol=tol,
        max_iter=max_iter,
    )
    data = FitRows(X, y, sample_weight, offset)
    return path_of_model("glm_path", model, data, alphas, n_alphas, eps, max_nonzero)
