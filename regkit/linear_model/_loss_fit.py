"""Fitting by a loss of classes or counts, for one alpha or for many at once."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone

from regkit._sklearn import validate_parameters
from regkit._types import Floats
from regkit.linear_model._loss_base import (
    LossEstimator,
    LossProblem,
    Start,
    refuse_chunks,
)
from regkit.solvers.results import PathResult

# Predictions are as far off as the root of the gap. Since Newton's steps square the
# error, a gap this much smaller than asked for costs a step or two, and two ways to
# the same fit, by weights or repeated rows, alone or on a path, agree to many digits.
_AIM = 1e-8


class LossModel(LossEstimator):
    """Base of the estimators for one alpha, which can be fitted for many in one go."""

    path_parameter: ClassVar[str] = "alpha"
    """The parameter whose values `fit_path` goes along."""

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Training rows. Float32 and float64, C or F ordered arrays and CSR or CSC
            matrices are used in place and never written; everything else is converted
            to float64, other sparse formats to CSC.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero. An integer weight
            counts as that many copies of the row.
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor of each row, with no coefficient of its own.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable, or when there is no finite
            optimum; the message names the parameter, the class or the columns. The
            estimator is then as it was.

        Warns
        -----
        ConvergenceWarning
            When the duality gap is above `tol` at the end.
        UserWarning
            When unpenalized columns are linearly dependent, so that the coefficients
            are not unique.
        """
        validate_parameters(self)
        refuse_chunks(type(self).__name__, X)
        problem = self._open(X, y, sample_weight, offset)
        alphas = np.array([float(self.alpha)])
        result = self._solved(problem, alphas, self._starts(problem))
        self._replace_attributes(
            self._attributes(problem) | self._solution(result.at(0))
        )
        return self

    def fit_path(
        self,
        X: Any,
        y: Any,
        values: Any,
        sample_weight: Any = None,
        offset: Any = None,
    ) -> Iterator[Self]:
        """Fit one model for each of several alphas, all in one go.

        Each is what ``clone(self).set_params(alpha=value).fit(X, y)`` gives, up to
        `tol`; the estimator itself stays as it is. `PathSearchCV` searches this way.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Training rows, as in `fit`.
        y : array-like of shape (n_samples,)
            Targets.
        values : iterable
            Alphas, in any order, repeated or not.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, as in `fit`.
        offset : array-like of shape (n_samples,), default=None
            Offsets of the rows, as in `fit`.

        Returns
        -------
        models : iterator of estimators
            Fitted copies, one for each value and in the order of `values`. Before a
            value that cannot be used it raises, as `fit` does.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable; the message names it.

        Warns
        -----
        ConvergenceWarning, UserWarning
            As `fit` does.
        """
        unfitted = clone(self)
        validate_parameters(unfitted.set_params(**{self.path_parameter: 0.0}))
        refuse_chunks(f"{type(self).__name__}.fit_path", X)
        problem = unfitted._open(X, y, sample_weight, offset)
        models, refused = [], None
        for value in values:
            model = copy.copy(unfitted)
            setattr(model, self.path_parameter, value)
            try:
                validate_parameters(model)
            except (TypeError, ValueError) as error:
                refused = error
                break
            models.append(model)
        if not models:
            if refused is not None:
                raise refused
            return iter(())
        ascending, places = np.unique(
            [float(model.alpha) for model in models], return_inverse=True
        )
        result = unfitted._solved(problem, np.ascontiguousarray(ascending[::-1]))
        return _fitted(models, problem, result, len(ascending) - 1 - places, refused)

    def _solved(
        self, problem: LossProblem, alphas: Floats, starts: list[Start] | None = None
    ) -> PathResult:
        result = problem.solve(
            problem.penalty(self._l1_ratio()),
            alphas,
            tol=_AIM * self.tol,
            max_iter=self.max_iter,
            starts=starts,
        )
        result = result.with_gaps(result.dual_gaps, self.tol)
        problem.report(
            result,
            tol=self.tol,
            max_iter=self.max_iter,
            standardize=self.standardize,
        )
        return result

    def _l1_ratio(self) -> float:
        return float(self.l1_ratio)

    def _starts(self, problem: LossProblem) -> list[Start] | None:
        """Return the previous solution where `warm_start` wants and shapes allow."""
        if not self.warm_start or "coef_" not in self.__dict__:
            return None
        coefs: Any = self.coef_
        n_features = problem.design.n_features
        is_sparse: bool = sp.issparse(coefs)
        if is_sparse:  # after `sparsify`
            coefs = coefs.toarray()
        coefs = np.atleast_2d(np.array(coefs, dtype=np.float64))
        intercepts = np.atleast_1d(self.intercept_)
        if coefs.shape != (len(problem.targets), n_features):
            return None
        if not (np.isfinite(coefs).all() and np.isfinite(intercepts).all()):
            return None
        return [(coef, float(b)) for coef, b in zip(coefs, intercepts, strict=True)]


def _fitted(
    models: list[Any],
    problem: LossProblem,
    result: PathResult,
    places: Any,
    refused: Exception | None,
) -> Iterator[Any]:
    for model, place in zip(models, places, strict=True):
        model._replace_attributes(
            model._attributes(problem) | model._solution(result.at(int(place)))
        )
        yield model
    if refused is not None:
        raise refused
