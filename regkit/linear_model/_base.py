"""What all linear models share: coefficients, predictions, fitted attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from regkit._bases import BaseEstimator, RegressorMixin
from regkit._sklearn import check_same_features, check_same_names
from regkit._types import Floats
from regkit.linear_model._fit_parameters import LeastSquaresParameters
from regkit.linear_model._moment_scores import score_in_chunks
from regkit.linear_model._to_sklearn import scikit_learn_of
from regkit.linear_model._views import CoefficientViews
from regkit.rows.inputs import check_predict_X, missing_y
from regkit.rows.open import as_source

# Rows of float32 X are widened this many entries at a time when predicting.
_CHUNK = 1 << 20


class LinearModel(CoefficientViews, BaseEstimator):
    """Base of all linear models, whatever their loss.

    A fit that fails, at whatever step, leaves the estimator as it was: attributes are
    set at the end and all at once.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.
    """

    @property
    def sparse_coef_(self) -> sp.csr_matrix:
        """Sparse copy of `coef_`, of shape (n_targets, n_features), 1 row for 1-D y."""
        return sp.csr_matrix(self.coef_)

    def _predict_rows(self, X: Any) -> Floats:
        """Compute ``X @ coef_.T + intercept_`` for rows in memory."""
        # Of `coef_`, as in scikit-learn: it may have been set by hand.
        X = check_predict_X(self, X, np.shape(self.coef_)[-1])
        return linear_predictor(X, self.coef_, self.intercept_)

    def to_sklearn(self) -> Any:
        """Return scikit-learn's own estimator with these coefficients.

        It predicts the same, and whatever takes scikit-learn's models takes it,
        converters to ONNX among them.

        Returns
        -------
        model : Lasso, ElasticNet, Ridge, LogisticRegression, LinearSVC, \
                PoissonRegressor, GammaRegressor or TweedieRegressor
            Fitted. Fitting it anew solves scikit-learn's own problem, without
            `standardize`, `bounds` and `penalty_factor`, and without an L1 penalty of
            counts.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        return scikit_learn_of(self)

    def _counterpart(self, alpha: Any, l1_ratio: float) -> Any:
        """Return scikit-learn's estimator, unfitted, of the problem nearest to ours."""
        raise NotImplementedError

    def _counted_iterations(self) -> Any:
        """Return `n_iter_` as scikit-learn's estimator has it."""
        return self.n_iter_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearRegressor(RegressorMixin, LinearModel, LeastSquaresParameters):
    """Base of the linear models that predict numbers.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in float64.
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        `coef_` as a CSR matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0 with ``fit_intercept=False``.
    """

    def predict(self, X: Any) -> Any:
        """Predict ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, in float64; a Dask array or series, not yet computed, for a
            Dask array or data frame.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When X holds NaN or inf, or its columns are not those seen in `fit`.
        """
        if "coef_" not in self.__dict__:
            check_is_fitted(self, "coef_")
        source = as_source(X)
        if source is not None:
            return source.predict(self.predict)
        check_same_features(self, X)
        return self._predict_rows(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return R², the share of the variance of y that is explained.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for. What `fit` reads in chunks is read in chunks here too,
            once, and no predictions are kept.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            True targets. None where `RowChunks` bring them.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            As scikit-learn's ``r2_score``: 1 at best; the mean over several targets.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            When the rows are not usable.
        """
        source = as_source(X)
        if source is None:
            if y is None:
                raise missing_y(self)
            return float(super().score(X, y, sample_weight))
        check_is_fitted(self, "coef_")
        names, score = score_in_chunks(source, y, sample_weight, self._predict_rows)
        check_same_names(self, names)
        return score

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def linear_predictor(X: Any, coef: Floats, intercept: Any) -> Floats:
    """Compute ``X @ coef.T + intercept`` in float64.

    Parameters
    ----------
    X : ndarray, CSR or CSC of shape (n_samples, n_features)
        Rows, float32 or float64.
    coef : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept : float or ndarray of shape (n_targets,)
        Intercepts.

    Returns
    -------
    y_pred : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Predictions.
    """
    coef = np.asarray(coef)  # a list, where it was set by hand
    if X.dtype == np.float64 or X.size <= _CHUNK or sp.issparse(X):
        predicted: Floats = X @ coef.T
    else:
        # NumPy would widen all of a float32 X at once; by chunks it stays small.
        n_rows = max(1, _CHUNK // X.shape[1])
        predicted = np.concatenate(
            [X[i : i + n_rows] @ coef.T for i in range(0, len(X), n_rows)]
        )
    predicted += intercept
    return predicted
