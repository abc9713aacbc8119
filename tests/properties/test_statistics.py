"""Fits from statistics, however the rows came: judged on the rows themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import assume, given, note
from hypothesis import strategies as st

from regkit.linear_model import RidgeRegressor, SufficientStatistics
from tests.certificate import Certificate
from tests.properties.harness import (
    convergence_judged_by_gap,
    estimator,
    fit,
    parameters,
)
from tests.properties.problems import Problem, at_fraction, tables
from tests.properties.profile import sweep
from tests.properties.test_ridge import STORED, STRENGTHS, judge, strength

MODERATE = st.sampled_from([1e-2, 0.1, 0.5, 0.9])


def summed_up(problem: Problem, seed: int) -> SufficientStatistics:
    """The rows in a random order, cut at random, in folds, merged as a random tree."""
    rng = np.random.default_rng(seed)
    X = problem.X.tocsr() if sp.issparse(problem.X) else problem.X
    n = len(problem.y)
    rows = rng.permutation(n)
    cuts = np.sort(rng.integers(0, n + 1, rng.integers(0, 6)))
    forest = []
    for part in np.split(rows, cuts):
        if not len(part):
            continue
        chunk: Any = X[part]
        if rng.random() < 0.3:
            chunk = chunk.toarray() if sp.issparse(chunk) else sp.csr_array(chunk)
        weight = None
        if problem.sample_weight is not None:
            weight = problem.sample_weight[part]
        fold = [None, 1, rng.integers(-1, 3, len(part))][rng.integers(0, 3)]
        made = SufficientStatistics()
        forest.append(made.update(chunk, problem.y[part], weight, fold))
    while len(forest) > 1:
        one = forest.pop(rng.integers(0, len(forest)))
        other = rng.integers(0, len(forest))
        forest[other] = forest[other] + one
    return forest[0]


def is_within_reach(problem: Problem) -> bool:
    """Whether no column is determined by others up to 1e-6 of its length, yet not all.

    Products cannot tell such a column from one that depends on others (see the notes of
    `SufficientStatistics`); large means without an intercept make them, too.
    """
    X = problem.dense.astype(float)
    weight = np.ones(len(X)) if problem.sample_weight is None else problem.sample_weight
    weight = weight / weight.sum()
    if problem.fit_intercept:
        X = X - weight @ X
    X = X * np.sqrt(weight)[:, None]
    length = np.sqrt((X**2).sum(axis=0))
    values = np.linalg.svd(X / np.where(length > 0, length, 1.0), compute_uv=False)
    largest = values.max(initial=0.0)
    return not np.any((values > 1e-15 * largest) & (values < 1e-6 * largest))


def assert_honest(found: Certificate, gap: float, tol: float, warned: bool) -> None:
    """Optimal within ``tol``; or a warning, and the gap that it states is right.

    Rows can be asked again where a Gram matrix has too few digits (unpenalized columns
    that nearly depend on each other, large means without an intercept); statistics
    cannot.
    """
    if warned:
        assert found.coordinate_gain <= gap + found.limit(tol)
        assert np.isfinite(found.primal)
    else:
        assert found.problems(tol) == []


@sweep(250)
@given(STORED, st.integers(0, 2**16))
def test_lasso_and_elastic_net(problem: Problem, seed: int) -> None:
    assume(is_within_reach(problem))
    model = estimator(problem)
    with convergence_judged_by_gap() as seen:
        model.fit_statistics(summed_up(problem, seed))
    found = problem.certify(model.coef_, model.intercept_)
    note(f"{model.solver_} {model.dual_gap_} {found}")
    assert_honest(found, model.dual_gap_, model.tol, bool(seen))


@sweep(150)
@given(STORED, STRENGTHS, st.integers(0, 2**16))
def test_ridge(problem: Problem, relative: float, seed: int) -> None:
    assume(is_within_reach(problem))
    alpha = strength(problem, relative)
    model = RidgeRegressor(alpha, tol=1e-10, **parameters(problem))
    with convergence_judged_by_gap() as seen:
        model.fit_statistics(summed_up(problem, seed))
    found = judge(problem, model.coef_, model.intercept_, alpha)
    weight = problem.sample_weight
    total = len(problem.y) if weight is None else float(weight.sum())
    note(f"{model.solver_} {model.dual_gap_} {found}")
    assert_honest(found, 2.0 * total * model.dual_gap_, model.tol, bool(seen))


@sweep(150)
@given(tables(wild=False), MODERATE, st.booleans(), st.integers(0, 2**16))
def test_tame_rows(
    problem: Problem, fraction: float, standardize: bool, seed: int
) -> None:
    """Without extremes no warning, and coefficients equal to those of `fit`."""
    rng = np.random.default_rng(seed)
    n, p = problem.X.shape
    problem = replace(
        problem,
        standardize=standardize,
        l1_ratio=[0.5, 0.99][rng.integers(2)],  # a unique optimum
        sample_weight=rng.integers(0, 3, n) + 1.0 * (np.arange(n) == 0),
        penalty_factor=rng.uniform(0.5, 2.0, p),
        bounds=(-rng.uniform(0.1, 2.0, p), rng.uniform(0.1, 2.0, p)),
    )
    problem = at_fraction(problem, fraction)
    whole = fit(problem)
    model = estimator(problem).fit_statistics(summed_up(problem, seed))
    note(f"{whole.coef_} {model.coef_}")
    size = np.abs(whole.coef_).max(initial=1e-6)
    assert np.abs(model.coef_ - whole.coef_).max() <= 1e-8 * size
    found = problem.certify(model.coef_, model.intercept_)
    assert found.problems(model.tol) == []
