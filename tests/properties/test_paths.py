"""Paths: every knot judged, the grid's start, and the same answers as single fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, note
from hypothesis import strategies as st

from regkit.linear_model import enet_path, lasso_path
from tests.properties.harness import (
    assert_optimal,
    assert_same_fit,
    convergence_judged_by_gap,
    fit,
    parameters,
    with_alpha,
)
from tests.properties.problems import (
    FRACTIONS,
    Problem,
    problems,
    small_integer_tables,
    stored_problems,
)
from tests.properties.profile import sweep

STORED = st.booleans().flatmap(lambda sparse: stored_problems(sparse=sparse))
SOLVERS = st.sampled_from(["auto", "active_set"])


def solve_path(problem: Problem, alphas: Any = None, **options: Any) -> Any:
    """The path function that fits the problem."""
    options = {"tol": 1e-10, **parameters(problem), **options}
    options |= {"alphas": alphas, "sample_weight": problem.sample_weight}
    # Whoever calls this judges every gap with `assert_path`, or asks something else.
    with convergence_judged_by_gap():
        if problem.l1_ratio == 1:
            return lasso_path(problem.X, problem.y, **options)
        ratio = problem.l1_ratio
        return enet_path(problem.X, problem.y, l1_ratio=ratio, **options)


def assert_path(problem: Problem, path: Any, tol: float = 1e-10) -> None:
    shape = (problem.X.shape[1], len(path.alphas))
    assert path.coefs.shape == path.sparse_coefs.shape == shape
    assert np.array_equal(path.sparse_coefs.toarray(), path.coefs)
    assert np.array_equal(path.n_nonzero, np.count_nonzero(path.coefs, axis=0))
    assert np.all(np.diff(path.alphas) < 0)
    for k, alpha in enumerate(path.alphas):
        assert_optimal(
            with_alpha(problem, alpha),
            np.ascontiguousarray(path.coefs[:, k]),
            path.intercepts[k],
            tol,
            path.dual_gaps[k],
        )


@sweep(120)
@given(STORED, SOLVERS, st.integers(1, 12), st.sampled_from([1e-3, 0.5, 1e-6]))
def test_default_grid(problem: Problem, solver: str, n_alphas: int, eps: float) -> None:
    assume(problem.alpha_max > 0 and problem.l1_ratio > 0)
    path = solve_path(problem, n_alphas=n_alphas, eps=eps, solver=solver)
    assert len(path.alphas) == n_alphas
    assert path.alphas[-1] == pytest.approx(
        path.alphas[0] * (eps if n_alphas > 1 else 1)
    )
    assert_path(problem, path)


@sweep(120)
@given(STORED, SOLVERS, st.lists(st.sampled_from(FRACTIONS), min_size=1, max_size=5))
def test_own_alphas(problem: Problem, solver: str, fractions: list[float]) -> None:
    """Unsorted, far apart, above alpha_max and down to zero."""
    top = problem.alpha_max / max(problem.l1_ratio, 1e-3) or 1.0
    alphas = np.array(sorted(set(fractions), key=lambda f: (f * 7919) % 1.0)) * top
    path = solve_path(problem, alphas, solver=solver)
    assert np.array_equal(path.alphas, np.sort(alphas)[::-1])
    assert_path(problem, path)


@sweep(40)
@given(problems(base=small_integer_tables(5)))
def test_ties_along_the_path(problem: Problem) -> None:
    """Alphas at exact fractions, where integer problems change their support."""
    top = problem.alpha_max / max(problem.l1_ratio, 1e-3) or 1.0
    path = solve_path(problem, top * np.array([1.0, 0.75, 0.5, 0.25, 0.125, 0.0]))
    assert_path(problem, path)


@sweep(150)
@given(STORED)
def test_the_grid_starts_at_alpha_max(problem: Problem) -> None:
    assume(problem.l1_ratio > 0 and problem.alpha_max > 0)
    true = problem.alpha_max / problem.l1_ratio
    noise = problem.alpha_noise / problem.l1_ratio
    first = solve_path(problem, n_alphas=2, eps=0.5).alphas[0]
    note(f"true {true!r}, grid {first!r}, noise {noise!r}")
    assert first == pytest.approx(true, rel=1e-9, abs=noise)
    path = solve_path(problem, first * np.array([1.0, 1 - 1e-4]))
    penalized = (problem.factor > 0) & np.isfinite(problem.factor)
    # Closer to alpha_max than rounding can tell, either answer is right; just below it
    # something moves, by an amount that float64 can hold.
    if 1e-4 * true > 2 * noise:
        assert not path.coefs[penalized, 0].any()
        assert path.coefs[penalized, 1].any()


@sweep(50)
@given(problems())
def test_path_is_single_fits(problem: Problem) -> None:
    top = problem.alpha_max / max(problem.l1_ratio, 1e-3) or 1.0
    path = solve_path(problem, top * np.array([0.7, 0.2, 0.03, 1e-3]))
    for k, alpha in enumerate(path.alphas):
        at = with_alpha(problem, alpha)
        knot = _Knot(path.coefs[:, k], path.intercepts[k])
        assert_same_fit(at, fit(at), knot, 1e-10)


@sweep(40)
@given(problems(), st.integers(1, 4))
def test_max_nonzero_stops_early(problem: Problem, most: int) -> None:
    problem = replace(problem, penalty_factor=None)
    assume(problem.alpha_max > 0 and problem.l1_ratio > 0)
    whole = solve_path(problem, n_alphas=10)
    path = solve_path(problem, n_alphas=10, max_nonzero=most)
    kept = len(path.alphas)
    assert kept >= 1
    assert np.array_equal(path.alphas, whole.alphas[:kept])
    assert_path(problem, path)
    if kept < 10:
        assert path.n_nonzero[-1] > most or whole.n_nonzero[kept] > most


@sweep(40)
@given(problems())
def test_predict_and_iteration(problem: Problem) -> None:
    assume(problem.alpha_max > 0 and problem.l1_ratio > 0)
    path = solve_path(problem, n_alphas=4)
    alphas, coefs, gaps = path
    assert alphas is path.alphas or np.array_equal(alphas, path.alphas)
    assert np.array_equal(coefs, path.coefs)
    assert np.array_equal(gaps, path.dual_gaps)
    X = problem.dense.astype(float)
    expected = X @ path.coefs + path.intercepts
    size = np.abs(X) @ np.abs(path.coefs) + np.abs(path.intercepts)
    assert np.all(np.abs(path.predict(problem.X) - expected) <= 1e-14 * size.max())
    middle = (path.alphas[1] + path.alphas[2]) / 2
    between = path.predict(problem.X, alpha=middle)
    assert between.shape == (len(X),)
    mean = (expected[:, 1] + expected[:, 2]) / 2
    assert np.all(np.abs(between - mean) <= 1e-13 * size.max())


class _Knot:
    """One alpha of a path, looking like an estimator."""

    def __init__(self, coef: Any, intercept: Any) -> None:
        self.coef_ = coef
        self.intercept_ = intercept
