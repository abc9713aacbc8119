"""One estimator fitted for many alphas at once: the work behind `fit_path`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from sklearn.base import clone

from regkit._sklearn import validate_parameters
from regkit._types import Floats
from regkit.linear_model._base import LinearModel
from regkit.linear_model._limits import Limits, check_limits
from regkit.linear_model._statistics_of import Problem, problem_of
from regkit.linear_model._warnings import (
    raise_if_overflowed,
    unpenalized_cause,
    warn_not_converged,
    warn_not_unique,
)
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult
from regkit.solvers.solve import solve_path

_Model = TypeVar("_Model", bound="PathModel")


class PathModel(LinearModel):
    """Base of the regressors for one alpha, which can be fitted for many in one go."""

    path_parameter: ClassVar[str] = "alpha"
    """The parameter whose values `fit_path` goes along."""

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
            Training rows, as in `fit`; `RowChunks` and Dask collections have at most
            3,000 columns here.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets. None where `RowChunks` bring them.
        values : iterable
            Alphas, in any order, repeated or not.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, as in `fit`.

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
        ConvergenceWarning
            When a duality gap is above `tol` at the end.
        UserWarning
            When unpenalized columns are linearly dependent, so that coefficients are
            not unique.

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
        unfitted = clone(self)
        validate_parameters(unfitted.set_params(**{self.path_parameter: 0.0}))
        problem = problem_of(
            f"{type(self).__name__}.fit_path",
            unfitted,
            X,
            y,
            sample_weight,
            bool(unfitted.fit_intercept),
            bool(unfitted.standardize),
        )
        limits = check_limits(
            problem.design.n_features,
            unfitted.positive,
            unfitted.bounds,
            unfitted.penalty_factor,
            problem.feature_names,
        )
        n_targets = 1 if problem.y.ndim == 1 else problem.y.shape[1]
        models, alphas, refused = _copies(unfitted, values, n_targets)
        if not models:
            if refused is not None:
                raise refused
            return iter(())
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            solution = unfitted._solve_path(problem.design, problem.y, limits, alphas)
        _judge(unfitted, solution, limits, alphas)
        return _fitted(models, solution, problem, refused)

    def _solve_path(
        self, design: Any, y: Floats, limits: Limits, alphas: Floats
    ) -> PathResult:
        """Solve for all of `alphas`, of shape (n_values, n_targets)."""
        raise NotImplementedError

    def _check_alphas(self, n_targets: int) -> Floats:
        """Give one alpha a target."""
        return np.full(n_targets, float(self.alpha))


def _copies(
    unfitted: _Model, values: Iterable[Any], n_targets: int
) -> tuple[list[_Model], Floats, Exception | None]:
    """Give a copy for each value up to one that is refused, their alphas, and why."""
    models, alphas, refused = [], [], None
    for value in values:
        model = copy.copy(unfitted)
        setattr(model, unfitted.path_parameter, value)
        try:
            validate_parameters(model)
            alphas.append(model._check_alphas(n_targets))
        except (TypeError, ValueError) as error:
            refused = error
            break
        models.append(model)
    return models, np.array(alphas).reshape(len(models), n_targets), refused


def _fitted(
    models: list[_Model],
    solution: PathResult,
    problem: Problem,
    refused: Exception | None,
) -> Iterator[_Model]:
    for k, model in enumerate(models):
        model._keep(
            solution.at(k),
            problem.y.ndim,
            problem.design.n_features,
            problem.feature_names,
        )
        yield model
    if refused is not None:
        raise refused


def _judge(
    model: PathModel, solution: PathResult, limits: Limits, alphas: Floats
) -> None:
    name = type(model).__name__
    raise_if_overflowed(name, solution.dual_gaps, solution.intercepts)
    if not solution.converged.all():
        warn_not_converged(
            name,
            solution.dual_gaps.ravel(),
            solution.null_objectives.ravel(),
            solution.converged.ravel(),
            ("alpha", alphas.ravel()),
            tol=model.tol,
            max_iter=model.max_iter,
        )
    if not solution.unique:
        cause = unpenalized_cause(alphas, limits.factor)
        if cause:
            warn_not_unique(name, cause, solution.solver, model.standardize)


def solve_paths(
    model: PathModel,
    design: Any,
    y: Floats,
    limits: Limits,
    l1_ratio: float,
    alphas: Floats,
) -> PathResult:
    """Solve one elastic-net path a target.

    Parameters
    ----------
    model : PathModel
        Says `tol`, `max_iter` and `solver`.
    design : Design
        X.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Targets.
    limits : Limits
        Penalty factors and bounds.
    l1_ratio : float
        Share of the L1 penalty.
    alphas : ndarray of shape (n_values, n_targets)
        In any order.

    Returns
    -------
    solution : PathResult
        In the order of `alphas`.
    """
    penalty = Penalty.build(
        design.n_features, l1_ratio, limits.factor, limits.lower, limits.upper
    )
    targets = y.reshape(len(y), -1)
    results = []
    for t in range(targets.shape[1]):
        ascending, place = np.unique(alphas[:, t], return_inverse=True)
        path = solve_path(
            design,
            np.ascontiguousarray(targets[:, t]),
            penalty,
            np.ascontiguousarray(ascending[::-1]),
            tol=model.tol,
            max_iter=model.max_iter,
            solver=model.solver,
        )
        results.append(path.take(len(ascending) - 1 - place))
    return PathResult.stack(results)
