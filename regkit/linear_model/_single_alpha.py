"""Models for one alpha: fitted for it, or for many alphas in one go."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone

from regkit._describe import described_as
from regkit._sklearn import (
    check_same_features,
    check_same_names,
    replace_attributes,
    validate_parameters,
)
from regkit._types import Floats
from regkit.linear_model._base import LinearModel, LinearRegressor
from regkit.linear_model._fit_parameters import OneAlpha
from regkit.linear_model._least_squares import MomentProblem, open_problem
from regkit.linear_model._problem import FitRows, PathRequest, Problem, Setup, Start
from regkit.linear_model._source_reducer import sum_up
from regkit.linear_model.statistics import SufficientStatistics, check_statistics
from regkit.rows.inputs import is_in_memory
from regkit.solvers.folds.in_memory import PathSettings
from regkit.solvers.results import PathResult


class SingleAlphaModel(LinearModel, OneAlpha):
    """Base of the models for one alpha, whatever their loss.

    Subclasses open their problem and name their `_l1_ratio`; ridge overrides how it is
    solved.
    """

    path_parameter: ClassVar[str] = "alpha"
    """The parameter whose values `fit_path` goes along."""

    def _fit(self, problem: Any) -> Self:
        """Fit to an opened problem."""
        result = self._solve(problem, self._alphas(problem.n_targets))
        problem.report(result, self._settings(), kind="target")
        problem.refuse_underflow()
        replace_attributes(self, self._attributes(problem, result))
        return self

    def _for_path(self) -> Self:
        """Return a copy to open a problem with, whose parameters are checked."""
        unfitted: Self = clone(self)
        validate_parameters(unfitted.set_params(**{self.path_parameter: 0.0}))
        return unfitted

    def _fit_values(self, problem: Problem, values: Iterable[Any]) -> Iterator[Self]:
        """Fit copies to an opened problem, one per value of `path_parameter`."""
        models, alphas, refused = self._copies(values, problem.n_targets)
        if not models:
            if refused is not None:
                raise refused
            return iter(())
        result = self._solve_many(problem, alphas)
        problem.report(result, self._settings())
        problem.refuse_underflow()
        return self._fitted(models, problem, result, refused)

    def _copies(
        self, values: Iterable[Any], n_targets: int
    ) -> tuple[list[Self], Floats, Exception | None]:
        """Return a copy per value up to one that is refused, their alphas, and why."""
        models, alphas, refused = [], [], None
        for value in values:
            model = copy.copy(self)
            setattr(model, self.path_parameter, value)
            try:
                validate_parameters(model)
                alphas.append(model._alphas(n_targets))
            except (TypeError, ValueError) as error:
                refused = error
                break
            models.append(model)
        return models, np.array(alphas).reshape(len(models), n_targets), refused

    def _fitted(
        self,
        models: list[Self],
        problem: Problem,
        result: PathResult,
        refused: Exception | None,
    ) -> Iterator[Self]:
        for k, model in enumerate(models):
            replace_attributes(model, model._attributes(problem, result.at(k)))
            yield model
        if refused is not None:
            raise refused

    def _l1_ratio(self) -> float:
        """Return the share of the L1 penalty."""
        raise NotImplementedError

    def _alphas(self, n_targets: int) -> Floats:
        """Return one alpha per target."""
        return np.full(n_targets, float(self.alpha))

    def _settings(self) -> PathSettings:
        return PathSettings(float(self.tol), self.max_iter, self.solver)

    def _solve(self, problem: Any, alphas: Floats) -> PathResult:
        """Solve for one alpha per target; the result has their shape."""
        penalty, start = problem.penalty(self._l1_ratio()), self._start(problem)
        asked = PathRequest(penalty, alphas, self._settings(), start)
        result: PathResult = problem.solve_each(asked)
        return result

    def _solve_many(self, problem: Any, alphas: Floats) -> PathResult:
        """Solve for ``alphas`` of shape (n_values, n_targets), and in their order."""
        penalty = problem.penalty(self._l1_ratio())
        asked = PathRequest(penalty, alphas, self._settings())
        result: PathResult = problem.solve_many(asked)
        return result

    def _attributes(self, problem: Problem, result: PathResult) -> dict[str, Any]:
        """Return all fitted attributes, of a result of shape (n_targets,)."""
        return problem.solution(result) | problem.attributes()

    def _start(self, problem: Problem) -> Start | None:
        """Return the previous solution where `warm_start` is set and shapes fit."""
        if not self.warm_start or "coef_" not in self.__dict__:
            return None
        coefs: Any = self.coef_
        is_sparse: bool = sp.issparse(coefs)
        if is_sparse:  # after `sparsify`
            coefs = coefs.toarray()
        coefs = np.atleast_2d(np.array(coefs, dtype=np.float64))
        intercepts = np.atleast_1d(np.array(self.intercept_, dtype=np.float64))
        n_targets = problem.n_targets
        if coefs.shape != (n_targets, problem.n_features):
            return None
        if intercepts.shape != (n_targets,):
            return None
        if not (np.isfinite(coefs).all() and np.isfinite(intercepts).all()):
            return None
        return Start(coefs, intercepts)


class LeastSquaresModel(SingleAlphaModel, LinearRegressor):
    """Base of the Lasso, the elastic net and ridge for one alpha.

    Attributes
    ----------
    n_iter_ : int or ndarray of shape (n_targets,)
        Iterations run.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap reached, in the units of the objective: how far above the optimum
        the objective can be at most.
    solver_ : str
        What ran: "active_set", "coordinate_descent", "qr" or "least_squares"; several
        names, joined by "+", where several did.
    statistics_ : SufficientStatistics
        Of the rows seen; only after `partial_fit`.
    """

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
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
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
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
        return self._fit(self._open(Setup.of(self), FitRows(X, y, sample_weight)))

    @described_as(fit)
    def fit_path(
        self, X: Any, y: Any, values: Any, sample_weight: Any = None
    ) -> Iterator[Self]:
        """Fit one model for each of several alphas, all in one go.

        Each is what ``clone(self).set_params(alpha=value).fit(X, y)`` gives, up to
        `tol`; the estimator itself stays as it is. `PathSearchCV` searches this way.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets. None where `RowChunks` bring them.
        values : iterable
            Alphas, in any order, repeated or not.

        Returns
        -------
        models : iterator of estimators
            Fitted copies, one for each value and in the order of `values`. Before a
            value that cannot be used it raises, as `fit` does.

        Examples
        --------
        >>> from regkit import LassoRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 5.0]
        >>> for model in LassoRegressor().fit_path(X, y, [0.01, 0.1, 1.0]):
        ...     print(model.alpha, model.coef_.round(4))
        0.01 [1.692]
        0.1 [1.62]
        1.0 [0.9]
        """
        unfitted = self._for_path()
        problem = unfitted._open(Setup.of(unfitted), FitRows(X, y, sample_weight))
        return unfitted._fit_values(problem, values)

    def fit_statistics(self, statistics: SufficientStatistics) -> Self:
        """Fit the model to the statistics of rows.

        Parameters
        ----------
        statistics : SufficientStatistics
            Of all training rows. Not changed, and not kept.

        Returns
        -------
        self : estimator
            As `fit` would leave it for the rows, to about 8 digits and more: see
            `SufficientStatistics` for what statistics cannot show.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the statistics are not usable.

        Warns
        -----
        ConvergenceWarning, UserWarning
            As `fit` does.
        """
        validate_parameters(self)
        sums = check_statistics(statistics)
        return self._fit(MomentProblem.of(Setup.of(self), sums))

    @described_as(fit)
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the model to these rows and those of earlier calls since the last `fit`.

        Exact, not a step of some descent: the rows' sufficient statistics, (p + T)²
        numbers, are kept in `statistics_`, and every call solves anew. `fit` and
        `fit_statistics` keep none, so the rows of a `fit` do not count: begin with
        `partial_fit`, or update `SufficientStatistics` of your own.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            More training rows; what `fit` reads in chunks is read in chunks here too.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Their targets. None where `RowChunks` bring them.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Their weights, on one scale through all calls.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable; the estimator, statistics
            included, is then as it was.

        Warns
        -----
        ConvergenceWarning, UserWarning
            As `fit` does.
        """
        validate_parameters(self)
        before: SufficientStatistics | None = self.__dict__.get("statistics_")
        in_memory = is_in_memory(X)
        if before is not None and in_memory:
            check_same_features(self, X)
        added = sum_up(self, X, y, sample_weight)
        statistics = SufficientStatistics._of(added)
        if before is not None:
            if added.n_features != before.n_features:
                raise ValueError(
                    f"X has {added.n_features} features, but {type(self).__name__} is "
                    f"expecting {before.n_features} features as input."
                )
            if not in_memory:
                check_same_names(self, added.names)
            # Names have been compared; plain arrays may come without.
            added.names = before.feature_names
            statistics = before + statistics
        sums = check_statistics(statistics)
        self._fit(MomentProblem.of(Setup.of(self), sums))
        self.statistics_ = statistics
        return self

    def _open(self, setup: Setup, given: FitRows) -> Problem:
        has_l1 = self._l1_ratio() > 0.0
        return open_problem(setup, given._replace(caller=self), has_l1=has_l1)
