"""What the three estimators share: fit in order, predict, fitted attributes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from regkit._sklearn import (
    check_same_features,
    check_same_names,
    validate_parameters,
)
from regkit._types import Floats
from regkit.designs import make_design
from regkit.linear_model._limits import Limits, check_limits
from regkit.linear_model._moment_scores import score_visited
from regkit.linear_model._warnings import (
    raise_if_overflowed,
    unpenalized_cause,
    warn_not_converged,
    warn_not_unique,
)
from regkit.rows.inputs import check_fit_data, check_predict_X
from regkit.rows.sources import RowSource, as_source
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve import solve_path

# Rows of float32 X are widened this many entries at a time when predicting.
_CHUNK = 1 << 20


class LinearModel(RegressorMixin, BaseEstimator):
    """Base of the linear regressors; subclasses say how to solve.

    A fit that fails, at whatever step, leaves the estimator as it was: attributes are
    set at the end and all at once.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows. Float32 and float64, C or F ordered arrays and CSR or CSC
            matrices are used in place and never written; everything else is
            converted to float64, other sparse formats to CSC. `RowChunks`, and memory
            maps of 256 MB and more, are read chunk by chunk; Dask arrays and data
            frames are summed up where their partitions are.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets. Each column of a two-dimensional `y` is a problem of its own. None
            where `RowChunks` bring them.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero. An integer weight
            counts as that many copies of the row.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable; the message names it.

        Warns
        -----
        ConvergenceWarning
            When the duality gap is above `tol` at the end.
        UserWarning
            When unpenalized columns are linearly dependent, so that the coefficients
            are not unique.
        """
        validate_parameters(self)
        source = as_source(X)
        if source is not None:
            self._fit_source(source, y, sample_weight, {})
            return self
        data = check_fit_data(self, X, y, sample_weight)
        n_features = data.X.shape[1]
        limits = check_limits(
            n_features, self.positive, self.bounds, self.penalty_factor
        )
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            design = make_design(
                data.X,
                data.sample_weight,
                bool(self.fit_intercept),
                bool(self.standardize),
            )
            solution = self._solve(design, data.y, limits)
        self._judge(solution, limits, self.alpha)
        self._keep(solution, data.y.ndim, n_features, data.feature_names)
        return self

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

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², the share of the variance of y that is explained.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for. What `fit` visits is visited here too, once, and no
            predictions are kept.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
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
            return float(super().score(X, y, sample_weight))
        check_is_fitted(self, "coef_")
        names, score = score_visited(source, y, sample_weight, self._predict_rows)
        check_same_names(self, names)
        return score

    def to_sklearn(self) -> Any:
        """Give scikit-learn's own estimator with these coefficients.

        It predicts the same, and whatever takes scikit-learn's models takes it,
        converters to ONNX among them.

        Returns
        -------
        model : Lasso, ElasticNet or Ridge
            Fitted. Fitting it anew solves scikit-learn's own problem, which knows of no
            `standardize`, `bounds` and `penalty_factor`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        from regkit.linear_model._to_sklearn import scikit_learn_of

        return scikit_learn_of(self)

    def _predict_rows(self, X: Any) -> Floats:
        X = check_predict_X(self, X, self.n_features_in_)
        return linear_predictor(X, self.coef_, self.intercept_)

    @property
    def sparse_coef_(self) -> sp.csr_matrix:
        """Sparse copy of `coef_`, of shape (n_targets, n_features), 1 row for 1-D y."""
        return sp.csr_matrix(self.coef_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def _solve(self, design: Any, y: Floats, limits: Limits) -> PathResult:
        raise NotImplementedError

    def _fit_source(
        self, source: RowSource, y: Any, sample_weight: Any, params: dict[str, Any]
    ) -> None:
        """Fit to rows that are read as they are needed."""
        raise NotImplementedError

    def _solve_targets(
        self, design: Any, y: Floats, limits: Limits, l1_ratio: float, alphas: Floats
    ) -> PathResult:
        """Solve one elastic-net problem a target; `alphas` has one entry for each."""
        penalty = Penalty.build(
            design.n_features, l1_ratio, limits.factor, limits.lower, limits.upper
        )
        # A column whose length is NaN would take no part, in silence.
        targets = y.reshape(len(y), -1)
        starts = self._starts(targets.shape[1], design.n_features)
        results = []
        for t in range(targets.shape[1]):
            result = solve_path(
                design,
                np.ascontiguousarray(targets[:, t]),
                penalty,
                alphas[t : t + 1],
                tol=self.tol,
                max_iter=self.max_iter,
                solver=self.solver,
                start=None if starts is None else starts[t],
            )
            results.append(result)
        return PathResult.concat(results)

    def _starts(self, n_targets: int, n_features: int) -> Floats | None:
        """Give the previous coefficients where `warm_start` wants and shapes allow."""
        previous = self.__dict__.get("coef_") if self.warm_start else None
        if previous is None or np.size(previous) != n_targets * n_features:
            return None
        starts = np.array(previous, dtype=np.float64).reshape(n_targets, n_features)
        return starts if np.isfinite(starts).all() else None

    def _judge(self, solution: PathResult, limits: Limits, alpha: Any) -> None:
        name = type(self).__name__
        raise_if_overflowed(name, solution.dual_gaps, solution.intercepts)
        if not solution.converged.all():
            warn_not_converged(
                name,
                solution.dual_gaps,
                solution.null_objectives,
                solution.converged,
                ("target", np.arange(len(solution.dual_gaps))),
                tol=self.tol,
                max_iter=self.max_iter,
            )
        if not solution.unique:
            cause = unpenalized_cause(alpha, limits.factor)
            if cause:
                warn_not_unique(
                    name,
                    cause,
                    solution.solver,
                    self.standardize,
                )

    def _keep(
        self,
        solution: PathResult,
        y_ndim: int,
        n_features: int,
        names: NDArray[Any] | None,
    ) -> None:
        fitted: dict[str, Any] = {"n_features_in_": n_features}
        coefs = solution.dense()
        if len(coefs) == 1:
            # As scikit-learn has it: of one column, y's second dimension is kept in
            # the intercept alone.
            fitted["coef_"] = coefs[0]
            fitted["intercept_"] = solution.intercepts[0 if y_ndim == 1 else slice(1)]
            fitted["n_iter_"] = int(solution.n_iters[0])
            fitted["dual_gap_"] = solution.dual_gaps[0]
        else:
            fitted["coef_"] = coefs
            fitted["intercept_"] = solution.intercepts
            fitted["n_iter_"] = solution.n_iters
            fitted["dual_gap_"] = solution.dual_gaps
        fitted["solver_"] = solution.solver
        if names is not None:
            fitted["feature_names_in_"] = names
        else:
            self.__dict__.pop("feature_names_in_", None)
        # What `partial_fit` would go on from: it puts its own back.
        self.__dict__.pop("statistics_", None)
        self.__dict__.update(fitted)


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
