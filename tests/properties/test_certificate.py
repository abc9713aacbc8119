"""The judge on trial: it must pass optima, refuse everything else, and never lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, note
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge

from tests.certificate import Certificate, certify, certify_ridge
from tests.properties.problems import (
    Array,
    Problem,
    at_fraction,
    problems,
    reach,
    small_integer_tables,
    tables,
)
from tests.properties.profile import sweep
from tests.properties.reference import enumerate_solution, minimize

TOL = 1e-9


@st.composite
def tiny_problems(draw: st.DrawFn) -> Problem:
    """At most three columns, so that the optimum can be enumerated."""
    wild = tables(cells=60).filter(lambda t: t.X.shape[1] <= 3)
    return draw(problems(base=st.one_of(small_integer_tables(3), wild)))


def perturbed(problem: Problem, coef: Array, seed: int) -> Array:
    """A feasible point elsewhere, moved by about a standard deviation of y."""
    rng = np.random.default_rng(seed)
    size = reach(problem.y) / reach(problem.dense.astype(float))
    step = rng.standard_normal(len(coef)) * size
    step *= rng.random(len(coef)) < 0.7
    step[np.isinf(problem.factor)] = 0
    return np.asarray(
        np.clip(coef + step * rng.choice([1e-4, 1e-2, 1.0]), *problem.box)
    )


def refit_intercept(problem: Problem, coef: Array) -> float:
    if not problem.fit_intercept:
        return 0.0
    weight = problem.sample_weight
    X = problem.dense.astype(np.longdouble)
    return float(np.average(problem.y - X @ coef, weights=weight))


@sweep(150)
@given(tiny_problems())
def test_passes_the_enumerated_optimum(problem: Problem) -> None:
    coef, intercept = enumerate_solution(problem)
    found = problem.certify(coef, intercept)
    note(str(found))
    assert found.problems(TOL) == []


@sweep(150)
@given(tiny_problems(), st.integers(0, 99))
def test_bounds_enclose_the_truth(problem: Problem, seed: int) -> None:
    """coordinate_gain <= P - P* <= gap anywhere; refused wherever P - P* is large."""
    best = problem.certify(*enumerate_solution(problem))
    coef = perturbed(problem, enumerate_solution(problem)[0], seed)
    found = problem.certify(coef, refit_intercept(problem, coef))
    note(f"{best}\n{found}")
    noise = (
        found.rounding + best.rounding + 1e-12 * (found.null_objective + found.primal)
    )
    excess = found.primal - best.primal
    assert excess >= -noise
    assert found.dual <= best.primal + noise
    assert found.gap >= excess - noise
    assert found.coordinate_gain <= excess + noise
    # The box around the point moved contains the optimum in all but wild moves.
    assert found.boxed_gap >= excess / 100 - noise
    if excess > 100 * (1e-6 * found.null_objective + noise):
        assert not found.accepts(1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_passes_scipys_optimum_and_refuses_its_neighbors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((30, 8)), rng.standard_normal(30)
    bounds = [None, (0.0, np.inf), (-0.05, 0.1), (-np.inf, 0.02)][seed]
    problem = at_fraction(
        Problem(X, y, l1_ratio=0.6, bounds=bounds, sample_weight=rng.random(30)), 0.2
    )
    coef, intercept = minimize(problem)
    assert problem.certify(coef, intercept).problems(1e-12) == []
    assert problem.certify(coef, intercept).subgradient < 1e-10
    for j in range(8):
        moved = coef.copy()
        moved[j] += 1e-3 if moved[j] < problem.box[1][j] else -1e-3
        if moved[j] <= problem.box[1][j] and moved[j] >= problem.box[0][j]:
            assert problem.certify(moved, intercept).problems(1e-9)
    assert problem.certify(coef, intercept + 1e-3).problems(1e-9)
    assert problem.certify(coef * np.nan, intercept).problems(1e-9)


@pytest.mark.parametrize(
    ("change", "coef"),
    [
        ({"bounds": (-1.0, 0.25)}, [0.2500001, 0.0]),
        ({"positive": True}, [-1e-9, 0.0]),
        ({"penalty_factor": np.array([1.0, np.inf])}, [0.0, 1e-9]),
        ({"penalty_factor": np.array([1.0, np.inf]), "alpha": 0.0}, [0.0, 1e-9]),
        ({"fit_intercept": False}, [0.0, 0.0]),
    ],
)
def test_refuses_what_is_not_allowed(change: dict[str, Any], coef: list[float]) -> None:
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    problem = replace(Problem(X, np.array([1.0, 2.0, 3.0]), alpha=0.1), **change)
    found = problem.certify(np.array(coef), 0.5)
    assert found.primal == np.inf
    assert found.problems(1e6)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_agrees_with_scikit_learn(
    positive: bool, weighted: bool, fit_intercept: bool
) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 12)) + 3
    y = X[:, 0] + rng.standard_normal(40)
    weight = rng.integers(0, 3, 40).astype(float) if weighted else None
    shared: dict[str, Any] = {"fit_intercept": fit_intercept, "positive": positive}
    for model, ratio in (
        (Lasso(0.05, tol=1e-14, max_iter=10**6, **shared), 1.0),
        (ElasticNet(0.05, l1_ratio=0.3, tol=1e-14, max_iter=10**6, **shared), 0.3),
    ):
        model.fit(X, y, sample_weight=weight)
        problem = Problem(X, y, 0.05, ratio, weight, **shared)
        found = problem.certify(model.coef_, model.intercept_)
        assert found.problems(1e-12) == []
        assert found.subgradient < 1e-6
        assert problem.certify(model.coef_ * 1.01, model.intercept_).problems(1e-8)
        assert (
            replace(problem, alpha=0.0501)
            .certify(model.coef_, model.intercept_)
            .problems(1e-8)
        )


def test_primal_is_the_documented_objective() -> None:
    rng = np.random.default_rng(1)
    X, y, w = rng.standard_normal((9, 3)), rng.standard_normal(9), rng.random(9)
    f, coef, b = np.array([1.0, 0.0, 2.0]), np.array([0.5, -1.0, 0.1]), 0.7
    s = np.sqrt(np.average((X - np.average(X, axis=0, weights=w)) ** 2, 0, w))
    r = y - X @ coef - b
    for scale in (np.ones(3), s):
        options: dict[str, Any] = {"penalty_factor": f, "sample_weight": w}
        options["standardize"] = scale is s
        found = certify(X, y, coef, b, alpha=0.3, l1_ratio=0.4, **options)
        penalty = f @ (0.4 * abs(scale * coef) + 0.3 * (scale * coef) ** 2)
        expected = w @ r**2 / w.sum() / 2 + 0.3 * penalty
        assert found.primal == pytest.approx(expected, rel=1e-14)
        ridge = certify_ridge(X, y, coef, b, alpha=0.3, **options)
        expected = w @ r**2 + 0.3 * f @ (scale * coef) ** 2
        assert ridge.primal == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_and_least_squares(weighted: bool) -> None:
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((20, 30)) + 100, rng.standard_normal(20) - 7
    weight = rng.random(20) if weighted else None
    model = Ridge(3.0, solver="svd").fit(X, y, sample_weight=weight)
    found = certify_ridge(
        X, y, model.coef_, model.intercept_, alpha=3.0, sample_weight=weight
    )
    assert found.problems(1e-12) == []
    for alpha in (2.99, 3.01):
        assert certify_ridge(
            X, y, model.coef_, model.intercept_, alpha=alpha, sample_weight=weight
        ).problems(1e-10)
    plain = LinearRegression().fit(X, y, sample_weight=weight)
    problem = Problem(X, y, alpha=0.0, sample_weight=weight)
    assert problem.certify(plain.coef_, plain.intercept_).problems(1e-12) == []
    assert problem.certify(plain.coef_ * 1.001, plain.intercept_).problems(1e-9)


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
def test_large_and_sparse_arithmetic_agrees(
    fit_intercept: bool, standardize: bool
) -> None:
    """Extended precision, float64 and sparse float64 give one verdict."""
    X: Any = sp.random(300, 250, density=0.05, format="csc", random_state=3)
    y = np.asarray(X[:, [0, 1, 2]].sum(axis=1)).ravel() + 0.01
    coef, factor = np.zeros(250), np.ones(250)
    coef[:9], factor[:5] = np.linspace(-1, 1, 9), 0
    options: dict[str, Any] = {
        "fit_intercept": fit_intercept,
        "standardize": standardize,
        "l1_ratio": 0.9,
    }

    def judge(table: Any, p: int, alpha: float) -> Certificate:
        intercept = 0.5 * fit_intercept
        options["penalty_factor"] = factor[:p]
        return certify(table[:, :p], y, coef[:p], intercept, alpha=alpha, **options)

    dense = X.toarray()
    for alpha in (0.01, 0.1, 0.0):
        one, two = judge(X, 250, alpha), judge(dense, 250, alpha)
        for name in ("primal", "dual", "gap", "boxed_gap", "coordinate_gain"):
            expected = pytest.approx(getattr(two, name), rel=1e-9)
            assert getattr(one, name) == expected
        few = judge(dense, 100, alpha)  # small enough for extended precision
        assert few.primal == pytest.approx(two.primal, rel=1e-12)


@pytest.mark.parametrize("zeros", [False, True])
def test_sparse_arithmetic_survives_large_means(zeros: bool) -> None:
    """The scale of a column far from zero comes from centered entries."""
    rng = np.random.default_rng(0)
    dense = 1e3 + 1e-4 * rng.standard_normal((300, 170))
    if zeros:
        dense[:10, :50] = 0
    y = rng.standard_normal(300)
    options: dict[str, Any] = {"standardize": True, "fit_intercept": False}
    coef = rng.standard_normal(170)
    one, two = (
        certify(table, y, coef, 0.0, alpha=0.1, **options)
        for table in (dense, sp.csc_array(dense))
    )
    assert two.primal == pytest.approx(one.primal, rel=1e-9)
    assert two.subgradient == pytest.approx(one.subgradient, rel=1e-6)


def test_unpenalized_columns_do_not_open_the_gap() -> None:
    """Without the projection the dual would have to shrink to nothing."""
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((3, 20, 5))[0], rng.standard_normal(20)
    factor = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    problem = at_fraction(Problem(X, y, penalty_factor=factor), 0.3)
    coef = problem.X[0] * 0
    for _ in range(2000):
        rest = y - y.mean() - (X - X.mean(axis=0)) @ coef
        for j in range(5):
            x = X[:, j] - X[:, j].mean()
            z = x @ (rest + x * coef[j]) / 20
            new = np.sign(z) * max(abs(z) - problem.alpha * factor[j], 0) / (x @ x) * 20
            rest += x * (coef[j] - new)
            coef[j] = new
    found = problem.certify(coef, y.mean() - X.mean(axis=0) @ coef)
    assert found.gap <= 1e-12 * found.null_objective
    near = problem.certify(
        coef + 1e-6 * (factor == 0), y.mean() - X.mean(axis=0) @ coef
    )
    assert near.gap <= 1e-10 * near.null_objective
    coef[0] += 1e-4
    off = problem.certify(coef, y.mean() - X.mean(axis=0) @ coef)
    assert off.gap > 1e-9 * off.null_objective
