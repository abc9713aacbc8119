"""Columns far from zero without an intercept, judged in rational arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import given, note
from hypothesis import strategies as st

from regkit import ElasticNetRegressor, SufficientStatistics
from regkit.linear_model import lasso_path
from tests.properties.exact import ExactProblem
from tests.properties.profile import sweep


def fits(model: ElasticNetRegressor, X: Any, y: Any, weight: Any) -> Any:
    yield model.fit(X, y, weight)
    yield model.fit(sp.csc_array(X), y, weight)
    half = len(y) // 2
    statistics = SufficientStatistics().update(X[:half], y[:half], weight[:half])
    yield model.fit_statistics(statistics.update(X[half:], y[half:], weight[half:]))


@sweep(50)
@given(st.integers(0, 2**32), st.sampled_from([1e3, 1e5, 1e6, 1e7, 1e8]))
def test_no_fit_is_off_and_no_gap_below_the_truth(seed: int, ratio: float) -> None:
    rng = np.random.default_rng(seed)
    p = int(rng.integers(1, 4))
    n = int(rng.integers(p + 2, 10))
    X = rng.standard_normal((n, p))
    X += ratio * rng.choice([-1.0, 1.0, 0.5, 2.0], p) * rng.choice([1, 1, 1 / ratio], p)
    y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.7)) * rng.choice([0.0, 1.0])
    y += rng.standard_normal(n)
    weight = rng.integers(1, 3, n) * 1.0
    factor = rng.choice([0.0, 1.0, 1.0, 0.5], p)
    size = np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / n
    alpha = float(size * rng.choice([0.01, 0.1, 0.5]))
    l1_ratio = float(rng.choice([1.0, 0.5]))
    problem = ExactProblem(X, y, weight, alpha, l1_ratio, factor)
    least, null = problem.optimum(), float(problem.total) / 2
    model = ElasticNetRegressor(
        alpha, l1_ratio=l1_ratio, fit_intercept=False, penalty_factor=factor
    )
    for found in fits(model, X, y, weight):  # a warning would be an error
        excess = float(problem.objective(found.coef_) - least)
        note(f"{found.solver_} {excess / null} {found.dual_gap_ / null}")
        assert excess <= found.dual_gap_ + 1e-13 * null
        # Merged sums carry the columns' rounding error, 1e-16 of the means.
        assert excess <= 1e-8 * null


def test_the_largest_alpha() -> None:
    """The penalised column enters exactly there."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3)) + 1e7
    y = rng.standard_normal(30)
    factor = [0.0, 1.0, 1.0]
    path = lasso_path(X, y, fit_intercept=False, penalty_factor=factor, alphas=3)
    b = ExactProblem(X, y, np.ones(30), 1.0, 1.0, factor)
    coef = b.products[0] / b.gram[0][0]
    slopes = [b.products[j] - b.gram[j][0] * coef for j in (1, 2)]
    exact = float(max(abs(slope) for slope in slopes))
    np.testing.assert_allclose(path.alphas[0], exact, rtol=1e-6)
