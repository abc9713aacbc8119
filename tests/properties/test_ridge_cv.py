"""Errors of rows left out, against fits without them; folds against fits of folds."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import assume, given, note
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from regkit.linear_model import RidgeRegressor, RidgeRegressorCV
from tests.properties.harness import parameters
from tests.properties.problems import Problem, problems, small_integer_tables
from tests.properties.problems import stored_problems
from tests.properties.profile import sweep

Array = npt.NDArray[np.float64]

STORED = st.booleans().flatmap(lambda sparse: stored_problems(sparse=sparse))
# Relative to the mean square of a typical column.
STRENGTHS = np.array([1e3, 1.0, 1e-3, 1e-6])


def grid(problem: Problem) -> Array:
    weight = problem.sample_weight
    total = len(problem.y) if weight is None else float(weight.sum())
    return STRENGTHS * total * problem.typical_square


def row_weights(problem: Problem) -> Array:
    if problem.sample_weight is None:
        return np.ones(len(problem.y))
    return problem.sample_weight


def full_scales(problem: Problem) -> Array:
    """The scales of all rows; 1 without standardize."""
    X = problem.dense.astype(np.longdouble)
    if not problem.standardize:
        return np.ones(X.shape[1])
    weight = row_weights(problem)
    mean = np.average(X, axis=0, weights=weight)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    noise = 8 * np.finfo(float).eps * np.abs(mean)
    return np.where(scale <= noise, 1.0, scale).astype(float)


def fit_single(problem: Problem, alpha: float, weight: Array, **changes: Any) -> Any:
    options = {**parameters(problem), "tol": 1e-10, **changes}
    options.update(bounds=None, positive=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*not unique", UserWarning)
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        return RidgeRegressor(alpha, **options).fit(problem.X, problem.y, weight)


def left_out_by_refitting(problem: Problem, i: int, alpha: float) -> float:
    """Row i's error in a fit without it, the scales being those of all rows."""
    factor = problem.factor * full_scales(problem) ** 2
    weight = row_weights(problem).copy()
    weight[i] = 0.0
    model = fit_single(problem, alpha, weight, standardize=False, penalty_factor=factor)
    row = (
        problem.X[[i]] if isinstance(problem.X, np.ndarray) else problem.X.tocsr()[[i]]
    )
    return float(problem.y[i] - model.predict(row)[0])


def is_determined(problem: Problem) -> bool:
    """Whether no row alone decides about an unpenalised coefficient."""
    free = problem.dense.astype(float)[:, problem.factor == 0.0]
    if problem.fit_intercept:
        free = np.column_stack([np.ones(len(free)), free])
    used = row_weights(problem) > 0.0
    free = free[used] / np.where((size := np.abs(free).max(axis=0)) > 0, size, 1.0)
    left, values, _ = np.linalg.svd(free, full_matrices=False)
    left = left[:, values > 1e-9 * values.max(initial=0.0)]
    return bool(np.all(np.sum(left**2, axis=1) < 1 - 1e-6))


def assert_leave_one_out(problem: Problem) -> None:
    problem = replace(problem, bounds=None, positive=False)
    used = np.flatnonzero(row_weights(problem))
    assume(len(used) >= 2)
    assume(is_determined(problem))
    alphas = grid(problem)
    options = parameters(problem)
    model = RidgeRegressorCV(alphas=alphas, store_cv_results=True, **options)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*not unique", UserWarning)
        warnings.filterwarnings("ignore", ".*extend the grid", UserWarning)
        model.fit(problem.X, problem.y, problem.sample_weight)
    y = problem.y.astype(float)
    spread = np.abs(y - np.average(y, weights=row_weights(problem))).max()
    if not problem.fit_intercept:
        spread = np.abs(y).max()
    expected = np.empty((len(y), len(alphas)))
    for i in range(len(y)):
        for k, alpha in enumerate(alphas):
            expected[i, k] = left_out_by_refitting(problem, i, alpha)
    found = np.sqrt(model.cv_results_)
    note(f"X = {problem.X!r}\nexpected = {expected!r}\nfound = {found!r}")
    limit = 1e-6 * np.abs(expected) + 1e-7 * spread
    assert np.all(np.abs(found - np.abs(expected)) <= limit)
    weight = row_weights(problem)
    np.testing.assert_allclose(
        model.cv_error_,
        np.average(model.cv_results_, axis=0, weights=weight),
        rtol=1e-6,
        atol=1e-14 * spread**2,
    )


@sweep(150)
@given(STORED)
def test_leave_one_out(problem: Problem) -> None:
    assert_leave_one_out(problem)


@sweep(100)
@given(problems(base=small_integer_tables()))
def test_leave_one_out_of_ties(problem: Problem) -> None:
    assert_leave_one_out(problem)
