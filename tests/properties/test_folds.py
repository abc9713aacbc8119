"""Every fold's path, judged from outside, and its errors against those of its fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import assume, given, note
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from regkit.linear_model import ElasticNetRegressorCV
from regkit.solvers.folds import in_memory as folds_module
from tests.properties.harness import convergence_judged_by_gap, parameters
from tests.properties.problems import Problem, stored_problems
from tests.properties.profile import sweep


@st.composite
def splits(draw: st.DrawFn, n: int) -> list[tuple[Any, Any]]:
    """Partitions, and folds that overlap, repeat rows, or leave some out."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed of folds"))
    n_folds = min(n, draw(st.integers(2, 4), label="folds"))
    if draw(st.booleans(), label="partition"):
        fold = rng.permutation(np.arange(n) % n_folds)
        return [
            (np.flatnonzero(fold != k), np.flatnonzero(fold == k))
            for k in range(n_folds)
        ]
    return [
        (
            rng.integers(0, n, rng.integers(1, 2 * n)),
            rng.integers(0, n, rng.integers(1, n + 1)),
        )
        for _ in range(n_folds)
    ]


# How folds are solved; lockstep gives way where X or the penalty is not made for it.
ROUTES = ["moments", "lockstep", "together", "apart"]


def fit(problem: Problem, folds: Any, route: str) -> Any:
    """The fitted estimator; alphas from the problem's own upwards."""
    model = ElasticNetRegressorCV(
        alphas=problem.alpha * np.array([8.0, 2.0, 1.0]),
        l1_ratio=problem.l1_ratio,
        cv=folds,
        tol=1e-10,
        store_fold_coefs=True,
        rule=lambda curve: 1,  # no end of the grid
        **parameters(problem),
    )
    # Tables this small would be left to fold statistics.
    in_cache = 1 << 23 if route == "apart" else 0
    can_go = folds_module.can_go_in_lockstep
    with (
        mock.patch.object(folds_module, "is_small", return_value=route == "moments"),
        mock.patch.object(folds_module, "_STAYS_IN_CACHE", in_cache),
        mock.patch.object(
            folds_module,
            "can_go_in_lockstep",
            lambda *how: route == "lockstep" and can_go(*how),
        ),
        convergence_judged_by_gap() as seen,
    ):
        model.fit(problem.X, problem.y, problem.sample_weight)
    assume(not seen)  # the objective cannot be stated to tol in float64
    return model


@sweep(240)
@given(
    st.data(),
    st.booleans().flatmap(lambda s: stored_problems(sparse=s)),
    st.sampled_from(ROUTES),
)
def test_every_fold_is_certified(data: Any, problem: Problem, route: str) -> None:
    n = problem.X.shape[0]
    assume(n >= 2)
    problem = replace(problem, alpha=max(problem.alpha, 1e-6 * problem.typical_square))
    folds = data.draw(splits(n))
    weight = np.ones(n) if problem.sample_weight is None else problem.sample_weight
    assume(all(weight[train].any() for train, _ in folds))
    assume(any(weight[test].any() for _, test in folds))
    model = fit(problem, folds, route)
    X = problem.dense.astype(float)
    for k, (train, test) in enumerate(folds):
        part = replace(
            problem, X=X[train], y=problem.y[train], sample_weight=weight[train]
        )
        mean_y = np.average(part.y, weights=part.sample_weight)
        for i, alpha in enumerate(model.alphas_):
            coef = model.fold_coef_path_[k, :, i]
            means = part.sample_weight @ X[train] / part.sample_weight.sum()
            intercept = mean_y - means @ coef if problem.fit_intercept else 0.0
            found = part.certify(coef, intercept, alpha=alpha)
            note(f"fold {k}, alpha {alpha}: {found}")
            assert found.problems(1e-9) == []
            if not weight[test].any():
                assert np.isnan(model.mse_path_[i, k])
                continue
            residual = problem.y[test] - X[test] @ coef - intercept
            size = (
                np.abs(X[test]) @ np.abs(coef)
                + abs(intercept)
                + np.abs(problem.y[test])
            )
            noise = (1e-13 * size.max()) ** 2
            expected = np.average(residual**2, weights=weight[test])
            slack = 1e-6 * expected + 2 * np.sqrt(noise * expected) + noise
            assert_allclose(model.mse_path_[i, k], expected, rtol=0, atol=slack)
