"""Screening on a working set, which only many columns would choose, on any problem."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import scipy.sparse as sp
from hypothesis import assume, given, note
from hypothesis import strategies as st

from regkit.designs import make_design
from regkit.solvers import problem as problem_module
from regkit.solvers.paths.walk import Asking, ScreenedPath
from regkit.solvers.problem import Penalty
from regkit.solvers.solve import alpha_grid, solve_path
from tests.properties.harness import assert_fit, fit, refit, with_alpha
from tests.properties.problems import Problem, problems, stored_problems, tables
from tests.properties.profile import sweep
from tests.properties.test_paths import assert_path
from tests.properties.test_paths import solve_path as solve_public_path

STORED = st.booleans().flatmap(lambda sparse: stored_problems(sparse=sparse))
DIRECT = st.sampled_from(["auto", "active_set"])


@contextmanager
def working_sets() -> Iterator[None]:
    """Let no problem be small enough for the Gram matrix of all columns."""
    with (
        mock.patch.object(problem_module, "FEW_COLUMNS", 0),
        mock.patch.object(problem_module, "COLUMNS_OF_TALL", 0),
    ):
        yield


@sweep(150)
@given(STORED, DIRECT)
def test_fits(problem: Problem, solver: str) -> None:
    with working_sets():
        assert_fit(problem, solver=solver)


@sweep(80)
@given(STORED, DIRECT, st.integers(1, 12), st.sampled_from([1e-3, 0.5, 1e-6]))
def test_paths(problem: Problem, solver: str, n_alphas: int, eps: float) -> None:
    assume(problem.alpha_max > 0 and problem.l1_ratio > 0)
    with working_sets():
        path = solve_public_path(problem, n_alphas=n_alphas, eps=eps, solver=solver)
    assert_path(problem, path)


@sweep(60)
@given(problems(base=tables(wild=False)), st.sampled_from([0.5, 0.9, 1.0, 2.0]), DIRECT)
def test_warm_starts(problem: Problem, step: float, solver: str) -> None:
    with working_sets():
        model = fit(with_alpha(problem, step * problem.alpha), solver=solver)
        model.set_params(alpha=problem.alpha, warm_start=True)
        refit(model, problem)
    found = problem.certify(model.coef_, model.intercept_)
    assert found.problems(1e-10) == []


class _Audited(ScreenedPath):
    """Recomputes every correlation wherever the walk computed only some."""

    def _certify(self, alpha: float) -> Asking[None]:
        yield from super()._certify(alpha)
        skipped = self._screen.outside.copy()
        skipped[self._looked_at] = False
        true = self._design.correlate(self._inner.residual())
        penalty = self.problem.penalty
        limit = alpha * penalty.l1 + penalty.noise
        assert np.all(np.abs(true)[skipped] <= limit[skipped])


@st.composite
def many_columns(draw: st.DrawFn) -> Problem:
    """More columns than rows, few stored entries; a few columns far from zero."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed"))
    n, p = draw(st.sampled_from([5, 30, 100])), draw(st.sampled_from([40, 300]))
    density = draw(st.sampled_from([0.02, 0.1, 0.5]), label="density")
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < density)
    if draw(st.booleans(), label="scales"):
        X *= 10.0 ** rng.integers(-3, 4, p)
    far = rng.integers(0, p, draw(st.sampled_from([0, 5]), label="far columns"))
    X[:, far] = 1e-3 * rng.standard_normal((n, len(far)))
    X[:, far] += rng.choice([1.0, -100.0], len(far))
    coef = rng.standard_normal(p) * (rng.random(p) < 0.1)
    y = X / np.maximum(np.abs(X).max(axis=0), 1e-300) @ coef
    y += draw(st.sampled_from([0.01, 1.0])) * rng.standard_normal(n)
    weight = draw(st.sampled_from([None, "counts", "uneven"]), label="weights")
    given_weight = None
    if weight is not None:
        given_weight = rng.integers(0, 3, n).astype(float)
        if weight == "uneven":
            given_weight = 10.0 ** rng.integers(-4, 4, n)
        given_weight[0] = 1.0
    form = draw(st.sampled_from(["dense", "csc", "csr", "explicit zeros"]))
    stored: Any = X if form == "dense" else sp.csc_array(X)
    if form == "csr":
        stored = sp.csr_array(X)
    elif form == "explicit zeros":
        stored.data[rng.random(len(stored.data)) < 0.2] = 0.0
    return Problem(
        X=stored,
        y=y,
        l1_ratio=draw(st.sampled_from([1.0, 0.5])),
        sample_weight=given_weight,
        standardize=draw(st.booleans(), label="standardize"),
        fit_intercept=draw(st.booleans(), label="fit_intercept"),
        positive=draw(st.sampled_from([False, False, True]), label="positive"),
    )


@sweep(60)
@given(many_columns(), st.sampled_from([3, 30]), st.sampled_from([1e-8, 1e-3]))
def test_columns_not_looked_at_are_within_their_thresholds(
    problem: Problem, n_alphas: int, tol: float
) -> None:
    """The gap over the columns looked at is the gap over all."""
    design = make_design(
        problem.X, problem.sample_weight, problem.fit_intercept, problem.standardize
    )
    penalty = Penalty.build(problem.X.shape[1], problem.l1_ratio, None, *problem.box)
    with (
        working_sets(),
        mock.patch("regkit.solvers.paths.walk.ScreenedPath", _Audited),
    ):
        alphas = alpha_grid(design, problem.y, penalty, n_alphas, 1e-2)
        path = solve_path(design, problem.y, penalty, alphas, tol=tol)
    for k in range(0, n_alphas, 7):
        coef = path.coefs[:, [k]].toarray().ravel()
        found = with_alpha(problem, alphas[k]).certify(coef, path.intercepts[k])
        note(f"alpha {alphas[k]}: {found}, claimed {path.dual_gaps[k]}")
        assert path.dual_gaps[k] <= found.limit(tol)
        assert found.problems(tol) == []
