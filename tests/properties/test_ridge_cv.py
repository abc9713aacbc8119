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
from tests.properties.problems import (
    Problem,
    problems,
    small_integer_tables,
    stored_problems,
)
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
    """Whether no row alone decides about an unpenalized coefficient."""
    free = problem.dense.astype(float)[:, problem.factor == 0.0]
    if problem.fit_intercept:
        free = np.column_stack([np.ones(len(free)), free])
    used = row_weights(problem) > 0.0
    free = free[used] / np.where((size := np.abs(free).max(axis=0)) > 0, size, 1.0)
    left, values, _ = np.linalg.svd(free, full_matrices=False)
    left = left[:, values > 1e-9 * values.max(initial=0.0)]
    return bool(np.all(np.sum(left**2, axis=1) < 1 - 1e-6))


def is_tame(problem: Problem, alphas: Array) -> bool:
    """Whether fits without a row are known well enough to compare with.

    Not where the penalty drowns beside a column in units 1e6 times larger.
    """
    X = problem.dense.astype(float) / full_scales(problem)
    if problem.fit_intercept:
        X = X - np.average(X, axis=0, weights=row_weights(problem))
    square = row_weights(problem) @ X**2
    factor = problem.factor
    penalized = np.isfinite(factor) & (factor > 0.0)
    size = square[penalized] / factor[penalized]
    return bool(size.max(initial=0.0) <= 1e12 * alphas.min())


def assert_leave_one_out(problem: Problem) -> None:
    problem = replace(problem, bounds=None, positive=False)
    alphas = grid(problem)
    assume(np.count_nonzero(row_weights(problem)) >= 2)
    assume(is_determined(problem) and is_tame(problem, alphas))
    options = parameters(problem)
    model = RidgeRegressorCV(alphas=alphas, store_cv_results=True, **options)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*not unique", UserWarning)
        warnings.filterwarnings("ignore", ".*extend the grid", UserWarning)
        model.fit(problem.X, problem.y, problem.sample_weight)
    y, weight = problem.y.astype(float), row_weights(problem)
    level = np.average(y, weights=weight) if problem.fit_intercept else 0.0
    spread = np.sqrt(np.average((y - level) ** 2, weights=weight))
    expected = np.empty((len(y), len(alphas)))
    for i in range(len(y)):
        for k, alpha in enumerate(alphas):
            expected[i, k] = left_out_by_refitting(problem, i, alpha)
    squares = model.cv_results_ / np.where(weight > 0.0, weight, 1.0)[:, None]
    found = np.sqrt(squares)
    note(f"X = {problem.X!r}\nexpected = {expected!r}\nfound = {found!r}")
    # What an error has to say in the mean, it has to say precisely.
    share = np.sqrt(weight / weight.sum())[:, None]
    limit = 1e-6 * share * np.abs(expected) + 1e-7 * spread
    # y's own last digit, where a row is nearly alone in its weight enlarged by 1 - h.
    limit += 1e-14 * np.abs(y).max() * (1.0 + share / (1.0 - share**2))
    assert np.all(share * np.abs(found - np.abs(expected)) <= limit)
    np.testing.assert_allclose(
        model.cv_error_,
        np.average(squares, axis=0, weights=weight),
        rtol=1e-6,
        atol=1e-12 * (spread**2 + 1e-14 * np.max(y**2)),
    )


def generalized_by_projection(problem: Problem, alpha: float) -> tuple[float, float]:
    """The criterion and 1 - tr(H)/n, by orthogonal projection in long double.

    Ridge is least squares with a row for each column's penalty; what it leaves of y is
    orthogonal to all columns. So no normal equations are formed, nor a hat matrix by
    fits of unit vectors, whose rows of little weight have few digits.
    """
    root = np.sqrt(row_weights(problem).astype(np.longdouble))
    X, y = problem.dense.astype(np.longdouble), problem.y.astype(np.longdouble)
    n = len(y)
    columns, penalties = [], []
    if problem.fit_intercept:
        columns, penalties = [root], [np.longdouble(0)]
        X, y = X - X.mean(axis=0), y - y.mean()  # no digits for a common level
    for x, factor, scale in zip(X.T, problem.factor, full_scales(problem), strict=True):
        if np.isfinite(factor):
            columns.append(root * x)
            penalties.append(np.sqrt(alpha * factor) * scale)
    basis: list[npt.NDArray[np.longdouble]] = []
    for j in np.argsort(np.array(penalties) > 0, kind="stable"):  # unpenalized first
        extended = np.concatenate([columns[j], np.zeros(len(columns))])
        extended[n + j] = penalties[j]
        direction = extended.copy()
        for _ in range(2):
            for q in basis:
                direction -= q * (q @ direction)
        length = np.sqrt(direction @ direction)
        if length > 1e-15 * np.sqrt(extended @ extended):
            basis.append(direction / length)
    trace = sum((q[:n] @ q[:n] for q in basis), np.longdouble(0))
    rest = np.concatenate([root * y, np.zeros(len(columns))])
    for q in basis:
        rest -= q * (q @ rest)
    # Of the penalties' rows, what is left is the penalty paid.
    left = 1 - trace / np.count_nonzero(root)
    square = rest[:n] @ rest[:n] / (root @ root)
    return float(square / left**2), float(left)


@sweep(150)
@given(STORED)
def test_leave_one_out(problem: Problem) -> None:
    assert_leave_one_out(problem)


@sweep(100)
@given(problems(base=small_integer_tables()))
def test_leave_one_out_of_ties(problem: Problem) -> None:
    assert_leave_one_out(problem)


@sweep(100)
@given(STORED)
def test_generalized(problem: Problem) -> None:
    """Against the textbook's formula, in extended precision."""
    problem = replace(problem, bounds=None, positive=False)
    alphas = grid(problem)
    weight = row_weights(problem)
    n = np.count_nonzero(weight)
    assume(n >= 2 and is_tame(problem, alphas))
    options = parameters(problem)
    model = RidgeRegressorCV(alphas=alphas, cv="gcv", **options)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*not unique", UserWarning)
        warnings.filterwarnings("ignore", ".*extend the grid", UserWarning)
        warnings.filterwarnings("ignore", ".*could not estimate the error", UserWarning)
        try:
            model.fit(problem.X, problem.y, problem.sample_weight)
        except ValueError as error:
            if "No alpha can be chosen" not in str(error):
                raise
            return
    size = np.average(problem.y.astype(float) ** 2, weights=weight)
    for alpha, found in zip(alphas, model.cv_error_, strict=True):
        expected, left = generalized_by_projection(problem, alpha)
        if np.isfinite(found) and left > 1e-4:
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12 * size)


@sweep(60)
@given(STORED, st.integers(0, 2**16), st.booleans())
def test_folds(problem: Problem, seed: int, is_partition: bool) -> None:
    """Against the single estimator on each fold's rows."""
    n = len(problem.y)
    weight = row_weights(problem)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    if is_partition:
        parts = np.array_split(order, 3)
        folds = [(np.setdiff1d(order, part), part) for part in parts]
    else:
        folds = [(rng.choice(n, n), rng.choice(n, max(1, n // 3))) for _ in range(3)]
    assume(all(len(test) and weight[train].any() for train, test in folds))
    assume(any(weight[test].any() for _, test in folds))
    alphas = grid(problem)
    assume(is_tame(problem, alphas))
    model = RidgeRegressorCV(alphas=alphas, cv=folds, **parameters(problem))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*not unique", UserWarning)
        warnings.filterwarnings("ignore", ".*extend the grid", UserWarning)
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        model.fit(problem.X, problem.y, problem.sample_weight)
    size = np.average(problem.y.astype(float) ** 2, weights=weight)
    for k, (train, test) in enumerate(folds):
        if not weight[test].any():
            continue
        training = np.bincount(train, minlength=n) * weight
        for i, alpha in enumerate(model.alphas_):
            single = RidgeRegressor(alpha, **{**parameters(problem), "tol": 1e-10})
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*not unique", UserWarning)
                warnings.filterwarnings("ignore", category=ConvergenceWarning)
                single.fit(problem.X, problem.y, training)
            errors = (problem.y - single.predict(problem.X))[test] ** 2
            expected = np.average(errors, weights=weight[test])
            found = model.mse_path_[i, k]
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9 * size)
