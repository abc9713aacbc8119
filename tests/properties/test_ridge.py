"""Ridge: every route judged from outside, and against the closed form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from regkit.linear_model import RidgeRegressor
from tests.certificate import Certificate, certify_ridge
from tests.properties.harness import (
    convergence_judged_by_gap,
    parameters,
    unpenalized_dependence_allowed,
)
from tests.properties.problems import (
    Problem,
    problems,
    small_integer_tables,
    stored_problems,
)
from tests.properties.profile import sweep

STORED = st.booleans().flatmap(lambda sparse: stored_problems(sparse=sparse))
STRENGTHS = st.sampled_from([1.0, 1e-3, 1e3, 1e-6, 1e-10, 0.0])


def strength(problem: Problem, relative: float) -> float:
    """An alpha of this size beside sum of w (x - mean)^2 of a typical column."""
    weight = problem.sample_weight
    total = len(problem.y) if weight is None else float(weight.sum())
    return relative * total * problem.typical_square


def judge(problem: Problem, coef: Any, intercept: Any, alpha: float) -> Certificate:
    return certify_ridge(
        problem.X,
        problem.y,
        coef,
        intercept,
        alpha=alpha,
        sample_weight=problem.sample_weight,
        penalty_factor=problem.penalty_factor,
        bounds=problem.box,
        standardize=problem.standardize,
        fit_intercept=problem.fit_intercept,
    )


def assert_ridge(problem: Problem, relative: float, **options: Any) -> Any:
    alpha = strength(problem, relative)
    options = {"tol": 1e-10, **parameters(problem), **options}
    model = RidgeRegressor(alpha, **options)
    with convergence_judged_by_gap() as seen:
        model.fit(problem.X, problem.y, problem.sample_weight)
    found = judge(problem, model.coef_, model.intercept_, alpha)
    note(f"X = {problem.X!r}\nalpha = {alpha!r}, {model.solver_}, {model.coef_!r}")
    note(f"{found}")
    if seen:
        weight = problem.sample_weight
        total = len(problem.y) if weight is None else float(weight.sum())
        # `dual_gap_` belongs to the mean of the squares, halved.
        gap = 2.0 * total * model.dual_gap_
        assert gap <= found.limit(options["tol"]), str(seen[0].message)
    assert found.problems(options["tol"]) == []
    return model


@sweep(200)
@given(STORED, STRENGTHS)
def test_auto(problem: Problem, relative: float) -> None:
    """With bounds and without."""
    assert_ridge(problem, relative)


@sweep(200)
@given(STORED, STRENGTHS)
def test_auto_without_bounds(problem: Problem, relative: float) -> None:
    assert_ridge(replace(problem, bounds=None, positive=False), relative)


@sweep(60)
@given(problems(base=small_integer_tables()), STRENGTHS)
def test_ties(problem: Problem, relative: float) -> None:
    assert_ridge(replace(problem, bounds=None, positive=False), relative)


@sweep(150)
@given(
    problems(),
    STRENGTHS.filter(lambda s: s >= 1e-3),
    st.sampled_from(["cholesky", "svd", "active_set"]),
)
def test_direct_routes(problem: Problem, relative: float, solver: str) -> None:
    problem = replace(problem, bounds=None, positive=False)
    assert_ridge(problem, relative, solver=solver)


@sweep(80)
@given(STORED, STRENGTHS.filter(lambda s: s >= 1.0))
def test_conjugate_gradient(problem: Problem, relative: float) -> None:
    problem = replace(problem, bounds=None, positive=False)
    options = {"solver": "conjugate_gradient", "max_iter": 100_000, "tol": 1e-8}
    assert_ridge(problem, relative, **options)


@sweep(60)
@given(STORED, STRENGTHS.filter(lambda s: s >= 1e-3))
def test_coordinate_descent(problem: Problem, relative: float) -> None:
    options = {"solver": "coordinate_descent", "max_iter": 100_000, "tol": 1e-7}
    assert_ridge(problem, relative, **options)


@sweep(60)
@given(STORED, st.lists(STRENGTHS, min_size=1, max_size=3))
def test_one_alpha_a_target(problem: Problem, relatives: list[float]) -> None:
    alphas = np.array([strength(problem, r) for r in relatives])
    Y = problem.y[:, None] * np.arange(1, len(alphas) + 1) ** 2
    model = RidgeRegressor(alphas, tol=1e-10, **parameters(problem))
    with unpenalized_dependence_allowed():
        model.fit(problem.X, Y, problem.sample_weight)
    # Of one target they are those of a number, but the intercept keeps its dimension.
    targets = (len(alphas),) if len(alphas) > 1 else ()
    assert model.coef_.shape == (*targets, problem.X.shape[1])
    assert np.shape(model.dual_gap_) == targets
    assert model.intercept_.shape == (len(alphas),)
    coefs = np.atleast_2d(model.coef_)
    for t, alpha in enumerate(alphas):
        target = replace(problem, y=Y[:, t])
        found = judge(target, coefs[t], model.intercept_[t], alpha)
        note(f"target {t}, alpha {alpha}: {found}")
        assert found.problems(1e-10) == []


@pytest.mark.parametrize("shape", [(30, 7), (7, 30), (1, 3), (3, 1)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "conjugate_gradient"])
def test_closed_form(
    shape: tuple[int, int], weighted: bool, fit_intercept: bool, solver: str
) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal(shape) + 2, rng.standard_normal(shape[0])
    w = rng.random(shape[0]) if weighted else np.ones(shape[0])
    f = rng.random(shape[1])
    model = RidgeRegressor(
        0.7, penalty_factor=f, fit_intercept=fit_intercept, solver=solver, tol=1e-14
    ).fit(X, y, w if weighted else None)
    full = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    ridge = np.diag(np.append(0.7 * f, [0.0] * fit_intercept))
    expected = np.linalg.solve(full.T @ (w[:, None] * full) + ridge, full.T @ (w * y))
    found = np.append(model.coef_, [model.intercept_] * fit_intercept)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
