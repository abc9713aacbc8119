"""How a sweep fits and judges."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import note
from sklearn.exceptions import ConvergenceWarning

from regkit.linear_model import ElasticNetRegressor, LassoRegressor
from tests.properties.problems import Problem

# What a sweep asks of the direct solver, and of coordinate descent.
EXACT = {"tol": 1e-10}
DESCENT = {"tol": 1e-7, "max_iter": 200_000, "solver": "coordinate_descent"}


@contextmanager
def unpenalized_dependence_allowed() -> Iterator[None]:
    """Let the warning pass that unpenalized columns have many solutions.

    Every other warning, of convergence above all, is an error by the configuration.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*not unique", UserWarning)
        yield


@contextmanager
def convergence_judged_by_gap() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings of convergence: whoever asks for them has to judge the gap.

    Where columns are nearly parallel (means of 1e6 deviations and no intercept), the
    objective itself is a difference of numbers so large that float64 cannot state it
    to ``tol``. A warning is the right answer there, as long as the gap it reports is
    no larger than ``tol`` and that rounding together: see ``Certificate.limit``.
    """
    with unpenalized_dependence_allowed(), warnings.catch_warnings(record=True) as seen:
        warnings.filterwarnings("always", category=ConvergenceWarning)
        yield seen


def parameters(problem: Problem) -> dict[str, Any]:
    """What every linear model and path function takes of a problem."""
    return {
        "fit_intercept": problem.fit_intercept,
        "standardize": problem.standardize,
        "positive": problem.positive,
        "bounds": problem.bounds,
        "penalty_factor": problem.penalty_factor,
    }


def estimator(problem: Problem, **options: Any) -> Any:
    """The unfitted estimator for a problem: a Lasso where l1_ratio is 1."""
    options = {**EXACT, **parameters(problem), **options}
    if problem.l1_ratio == 1:
        return LassoRegressor(problem.alpha, **options)
    return ElasticNetRegressor(problem.alpha, l1_ratio=problem.l1_ratio, **options)


def fit(problem: Problem, **options: Any) -> Any:
    """The fitted estimator, converged as far as float64 allows."""
    return refit(estimator(problem, **options), problem)


def refit(model: Any, problem: Problem) -> Any:
    """The same estimator object, fitted again."""
    with convergence_judged_by_gap() as seen:
        model.fit(problem.X, problem.y, problem.sample_weight)
    if seen:
        note(f"{seen[0].message}")
        targets = problem.y.reshape(len(problem.y), -1).T
        coefs = np.atleast_2d(model.coef_)
        for t, (y, gap) in enumerate(
            zip(targets, np.atleast_1d(model.dual_gap_), strict=True)
        ):
            found = replace(problem, y=y).certify(
                coefs[t], np.atleast_1d(model.intercept_)[t]
            )
            assert gap <= found.limit(model.tol), str(seen[0].message)
    return model


def assert_optimal(
    problem: Problem, coef: Any, intercept: Any, tol: float, dual_gap: Any = None
) -> None:
    """Judge one solution, and the gap it claims."""
    assert coef.shape == (problem.X.shape[1],)
    assert coef.dtype == np.float64
    found = problem.certify(coef, intercept)
    note(f"X = {problem.X!r}\ncoef = {coef!r}, intercept = {intercept!r}\n{found}")
    assert found.problems(tol) == []
    if dual_gap is not None:
        assert -found.rounding <= dual_gap <= found.limit(tol) * (1 + 1e-9)


def assert_fit(problem: Problem, **options: Any) -> Any:
    """Fit, judge, and return the estimator."""
    model = fit(problem, **options)
    note(f"solver_ = {model.solver_}, n_iter_ = {model.n_iter_}")
    assert_optimal(problem, model.coef_, model.intercept_, model.tol, model.dual_gap_)
    assert np.array_equal(model.sparse_coef_.toarray(), model.coef_[None])
    return model


def assert_same_fit(problem: Problem, left: Any, right: Any, tol: float) -> None:
    """The fitted values of two solutions agree as far as their gaps promise.

    P is 1-strongly convex in the fitted values: two points within g of the optimum
    are at most sqrt(2 g) from it, so at most 2 sqrt(2 g) apart.
    """
    limit = problem.certify(left.coef_, left.intercept_).limit(tol)
    X = problem.dense.astype(np.longdouble)
    change = X @ (left.coef_ - right.coef_).astype(X.dtype)
    change += left.intercept_ - right.intercept_
    distance = np.sqrt(np.average(change**2, weights=problem.sample_weight))
    size = np.abs(X) @ np.abs(left.coef_) + abs(left.intercept_)
    assert distance <= 2 * np.sqrt(2 * limit) + 1e-14 * size.max()


def with_alpha(problem: Problem, alpha: float) -> Problem:
    """The problem at another alpha."""
    return replace(problem, alpha=float(alpha))
