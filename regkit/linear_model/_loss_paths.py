"""Whole paths of classifiers and of regressions with a log link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import expit

from regkit.linear_model._loss_base import LossProblem
from regkit.linear_model._regularization_path import RegularizationPath
from regkit.solvers.results import PathResult


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LogLinkPath(RegularizationPath):
    """Solutions of a regression with a log link for a decreasing sequence of alphas.

    Returned by `glm_path`; as `RegularizationPath`, but for its predictions, which are
    expected values.
    """

    def predict(self, X: Any, alpha: Any = None) -> Any:
        """Predict expected values at every alpha of the path, or at those given.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows to predict for; without an offset.
        alpha : float or array-like of shape (n_queries,), default=None
            Where to predict; None for all `alphas`.

        Returns
        -------
        y_pred : ndarray of shape (n_samples, n_alphas), (n_samples,) or \
                (n_samples, n_queries)
            The exponential of the linear predictor; one-dimensional when `alpha` is
            one number.

        Raises
        ------
        ValueError
            When X holds NaN or inf, its columns are not those of the path, or an
            alpha is outside the path.
        """
        with np.errstate(over="ignore"):
            return np.exp(RegularizationPath.predict(self, X, alpha))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ClassificationPath(RegularizationPath):
    """Solutions of a linear classifier for a decreasing sequence of alphas.

    Returned by `logistic_path`; as `RegularizationPath`, but for its predictions. With
    more than two classes, `coefs` has the shape (n_classes, n_features, n_alphas).
    """

    classes_: NDArray[Any] = field(default_factory=lambda: np.empty(0))

    def decision_function(self, X: Any, alpha: Any = None) -> Any:
        """Compute linear predictors at every alpha of the path, or at those given.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows to predict for; without an offset.
        alpha : float or array-like of shape (n_queries,), default=None
            Where to predict; None for all `alphas`.

        Returns
        -------
        decision : ndarray of shape (n_samples, n_alphas), (n_samples,) or \
                (n_samples, n_queries)
            Log-odds of ``classes_[1]``.

        Raises
        ------
        ValueError
            When X holds NaN or inf, its columns are not those of the path, or an
            alpha is outside the path.
        """
        return RegularizationPath.predict(self, X, alpha)

    def predict_proba(self, X: Any, alpha: Any = None) -> Any:
        """Estimate the probability of ``classes_[1]`` along the path.

        Parameters and errors are those of `decision_function`.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows to predict for; without an offset.
        alpha : float or array-like of shape (n_queries,), default=None
            Where to predict; None for all `alphas`.

        Returns
        -------
        probability : ndarray of the shape of `decision_function`
            Probability of ``classes_[1]``.
        """
        return expit(self.decision_function(X, alpha))

    def predict(self, X: Any, alpha: Any = None) -> Any:
        """Predict the class of each row along the path.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Rows to predict for; without an offset.
        alpha : float or array-like of shape (n_queries,), default=None
            Where to predict; None for all `alphas`.

        Returns
        -------
        y_pred : ndarray of the shape of `decision_function`
            Labels, as in `classes_`.
        """
        return self.classes_[(self.decision_function(X, alpha) > 0.0).astype(np.intp)]


def regularization_path(result: PathResult, problem: LossProblem) -> RegularizationPath:
    """Turn a solver's result of one target into what users get."""
    coefs = sp.csc_array(result.coefs, copy=True)
    coefs.eliminate_zeros()
    common: dict[str, Any] = {
        "alphas": result.alphas[:, 0],
        "sparse_coefs": coefs,
        "intercepts": result.intercepts[:, 0],
        "dual_gaps": result.dual_gaps[:, 0],
        "n_nonzero": np.diff(coefs.indptr),
        "n_iters": result.n_iters[:, 0],
        "solver": result.solver,
        "null_objective": float(result.null_objectives[0, 0]),
        "feature_names_in_": problem.data.feature_names,
    }
    if problem.labels is None:
        return LogLinkPath(**common)
    return ClassificationPath(**common, classes_=problem.labels.classes)
