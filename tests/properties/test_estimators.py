"""Every fit of Lasso and Elastic Net, judged from outside."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet

from tests.properties.harness import (
    DESCENT,
    assert_fit,
    assert_same_fit,
    fit,
    refit,
    with_alpha,
)
from tests.properties.problems import (
    Problem,
    at_fraction,
    problems,
    small_integer_tables,
    stored,
    stored_problems,
    tables,
)
from tests.properties.profile import sweep

DIRECT = st.sampled_from(["auto", "active_set"])
# Coordinate descent needs time in proportion to the conditioning, which vanishes
# together with alpha: it is asked for problems that it can finish.
MODERATE = st.sampled_from([1e-2, 0.1, 0.5, 0.9, 0.999999, 1.0, 30.0])


@sweep(250)
@given(stored_problems(sparse=False), DIRECT)
def test_dense(problem: Problem, solver: str) -> None:
    assert_fit(problem, solver=solver)


@sweep(250)
@given(stored_problems(sparse=True), DIRECT)
def test_sparse(problem: Problem, solver: str) -> None:
    assert_fit(problem, solver=solver)


@sweep(250)
@given(problems(base=small_integer_tables()), DIRECT)
def test_ties(problem: Problem, solver: str) -> None:
    assert_fit(problem, solver=solver)


@sweep(100)
@given(st.booleans().flatmap(lambda s: stored_problems(sparse=s)), MODERATE)
def test_coordinate_descent(problem: Problem, fraction: float) -> None:
    problem = at_fraction(problem, fraction)
    if problem.l1_ratio == 0:
        # What conditions a ridge is alpha beside the columns' squares, not beside
        # alpha_max, which falls with y.
        problem = with_alpha(problem, fraction * problem.typical_square)
    assert_fit(problem, **DESCENT)


@sweep(60)
@given(stored_problems(sparse=False), st.sampled_from([1e-1, 1e-3, 1e-6]))
def test_loose_gap_is_an_upper_bound(problem: Problem, tol: float) -> None:
    """dual_gap_ is at least the true suboptimality, however early the solver stops."""
    loose = fit(problem, tol=tol)
    found = problem.certify(loose.coef_, loose.intercept_)
    exact = fit(problem)
    best = problem.certify(exact.coef_, exact.intercept_)
    noise = found.rounding + 1e-12 * (found.null_objective + found.primal)
    assert found.primal - best.primal <= loose.dual_gap_ + noise
    assert found.problems(tol) == []


@sweep(60)
@given(problems(), st.sampled_from(["csc", "csr", "csr64", "unsorted", "F"]))
def test_storage_does_not_matter(problem: Problem, form: str) -> None:
    left, right = fit(problem), fit(stored(problem, form))
    assert_same_fit(problem, left, right, 1e-10)


@sweep(60)
@given(problems(), st.integers(0, 2**16))
def test_whole_weights_repeat_rows(problem: Problem, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, len(problem.y))
    counts[rng.integers(0, len(counts))] += 1
    weighted = replace(problem, sample_weight=counts.astype(float))
    rows = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    repeated = replace(
        problem, X=problem.X[rows], y=problem.y[rows], sample_weight=None
    )
    assert_same_fit(weighted, fit(weighted), fit(repeated), 1e-10)


@sweep(60)
@given(problems(), st.sampled_from([1e-3, 7.0, 1e6]))
def test_weights_have_no_unit(problem: Problem, unit: float) -> None:
    weight = problem.sample_weight
    weight = np.ones(len(problem.y)) if weight is None else weight
    scaled = replace(problem, sample_weight=unit * weight)
    assert_same_fit(problem, fit(problem), fit(scaled), 1e-10)


@sweep(60)
@given(problems(), st.sampled_from([0.5, 0.9, 1.0, 2.0]), DIRECT)
def test_warm_start_changes_nothing(problem: Problem, step: float, solver: str) -> None:
    cold = fit(problem, solver=solver)
    warm = fit(with_alpha(problem, step * problem.alpha), solver=solver)
    warm.set_params(alpha=problem.alpha, warm_start=True)
    model = refit(warm, problem)
    assert_same_fit(problem, cold, model, 1e-10)
    found = problem.certify(model.coef_, model.intercept_)
    assert found.problems(1e-10) == []


@sweep(40)
@given(problems(), st.integers(0, 2**16))
def test_warm_start_from_anywhere(problem: Problem, seed: int) -> None:
    """Even from coefficients outside the bounds."""
    model = fit(problem)
    rng = np.random.default_rng(seed)
    model.coef_ = model.coef_ * rng.choice([-3.0, 0.0, 1.0, 1e3], len(model.coef_))
    model.coef_ += rng.choice([0.0, 1.0], len(model.coef_))
    model.set_params(warm_start=True)
    refit(model, problem)
    found = problem.certify(model.coef_, model.intercept_)
    assert found.problems(1e-10) == []


@sweep(40)
@given(problems(), st.integers(1, 3))
def test_targets_are_independent(problem: Problem, n_targets: int) -> None:
    Y = problem.y[:, None] * np.arange(1, n_targets + 1) ** 2
    model = fit(replace(problem, y=Y))
    p = problem.X.shape[1]
    # Of one column the shapes are those of a single target, as scikit-learn's.
    assert model.coef_.shape == ((n_targets, p) if n_targets > 1 else (p,))
    assert model.intercept_.shape == (n_targets,)
    assert np.shape(model.dual_gap_) == ((n_targets,) if n_targets > 1 else ())
    for t in range(n_targets):
        target = replace(problem, y=Y[:, t])
        coef = model.coef_.reshape(n_targets, p)[t]
        found = target.certify(coef, model.intercept_[t])
        assert found.problems(1e-10) == []


@sweep(60)
@given(
    tables(wild=False),
    st.sampled_from([0.5, 0.1, 0.02]),
    st.sampled_from([1.0, 0.7, 0.2]),
    st.booleans(),
    st.booleans(),
)
def test_agrees_with_scikit_learn(
    problem: Problem, fraction: float, l1_ratio: float, positive: bool, center: bool
) -> None:
    problem = replace(
        problem, l1_ratio=l1_ratio, positive=positive, fit_intercept=center
    )
    problem = at_fraction(problem, fraction)
    theirs: Any = ElasticNet(
        problem.alpha,
        l1_ratio=l1_ratio,
        positive=positive,
        fit_intercept=center,
        tol=1e-12,
        max_iter=100_000,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(problem.X, problem.y)
    judged = problem.certify(theirs.coef_, theirs.intercept_)
    if judged.accepts(1e-10):  # where it converged
        assert_same_fit(problem, fit(problem), theirs, 1e-10)
