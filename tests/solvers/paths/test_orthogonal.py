"""The solver by orthogonal factors: columns that a Gram matrix cannot tell apart."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from regkit import LassoRegressor, lasso_path
from regkit.designs import make_design
from regkit.solvers.paths.orthogonal import Orthogonal
from regkit.solvers.problem import Penalty, scale_problem
from tests.certificate import certify


def far_from_zero(seed):
    """Columns whose means are a million times their spread, two of them unpenalized."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(6, 5)) + 1e6 * rng.choice([-1.0, 1.0], 5)
    X[:, 4] = rng.normal(size=6)
    return X, rng.normal(size=6), np.array([0.0, 0.0, 1.0, 0.5, 1.0])


@pytest.mark.parametrize("seed", range(10))
def test_means_of_a_million_spreads_and_no_intercept(seed):
    X, y, factor = far_from_zero(seed)
    with warnings.catch_warnings():
        # Storing coefficients in float64 may cost more than tol: judged below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        path = lasso_path(
            X, y, alphas=4, penalty_factor=factor, fit_intercept=False, tol=1e-10
        )
    # By the columns themselves, which have six digits more than their squares.
    basis = np.linalg.qr(X[:, :2])[0]
    residual = y - basis @ (basis.T @ y)
    top = np.max(np.abs(X[:, 2:].T @ residual) / factor[2:] / 6)
    assert path.alphas[0] == pytest.approx(top, rel=1e-3)
    for k, alpha in enumerate(path.alphas):
        found = certify(
            X,
            y,
            path.coefs[:, k],
            0.0,
            alpha=alpha,
            l1_ratio=1.0,
            penalty_factor=factor,
            fit_intercept=False,
        )
        assert found.problems(1e-10) == []
        assert path.dual_gaps[k] <= found.limit(1e-10)


def inner_solver(X, y, *, l1_ratio=1.0, factor=None, lower=-np.inf, upper=np.inf):
    p = X.shape[1]
    design = make_design(X, None, False, False)
    penalty = Penalty.build(p, l1_ratio, factor, lower, upper)
    problem = scale_problem(design, y, penalty)
    solver = Orthogonal(design, problem, design.correlate(problem.target), 1000)
    solver.add(np.arange(p))
    return solver


@pytest.mark.parametrize("alpha", [0.3, 0.05, 1e-6])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("box", [(-np.inf, np.inf), (-0.2, 0.1), (0.0, np.inf)])
def test_optimum_over_dependent_columns_and_boxes(alpha, l1_ratio, box):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(8, 6))
    X = np.column_stack([X, X[:, 0], -2.0 * X[:, 1], X[:, 2] + X[:, 3]])
    y = rng.normal(size=8)
    solver = inner_solver(X, y, l1_ratio=l1_ratio, lower=box[0], upper=box[1])
    assert 1 <= solver.minimize(alpha, 0.0) < 100
    found = certify(
        X,
        y,
        solver.coef(),
        0.0,
        alpha=alpha,
        l1_ratio=l1_ratio,
        bounds=(np.full(9, box[0]), np.full(9, box[1])),
        fit_intercept=False,
    )
    assert found.problems(1e-13) == []


def test_unpenalized_columns_that_depend_on_others_are_counted():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(7, 3))
    X = np.column_stack([X, X[:, 0] - X[:, 1]])
    solver = inner_solver(X, rng.normal(size=7), factor=np.zeros(4))
    solver.minimize(1.0, 0.0)
    assert solver.n_refused(np.arange(4)) == 1
    np.testing.assert_allclose(X.T @ solver.residual(), 0.0, atol=1e-14)


def test_a_start_is_left_only_downhill():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(9, 5)), rng.normal(size=9)
    solver = inner_solver(X, y)
    solver.minimize(0.1, 0.0)
    coef = solver.coef().copy()
    solver.restart(np.array([3.0, -2.0, 0.0, 1.0, 0.0]))
    solver.minimize(0.1, 0.0)
    np.testing.assert_allclose(solver.coef(), coef, atol=1e-13)


@pytest.mark.parametrize("seed", [1, 16, 37, 39, 53, 58])
def test_a_moved_dual_point_certifies_without_coordinate_descent(seed):
    """Beside a near copy and a tiny alpha the residual itself is no dual point."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(10, 40)), int(rng.integers(3, 9))
    X = rng.normal(size=(n, p))
    X[:, 1] = X[:, 0] + 10.0 ** -rng.integers(4, 10) * rng.normal(size=n)
    if seed % 2:
        X += 10.0 ** rng.integers(0, 5)
    y = X @ rng.normal(size=p) * 10.0 ** rng.integers(0, 4)
    y += rng.normal(size=n) * 10.0 ** -rng.integers(0, 8)
    top = np.abs(X.T @ (y - y.mean())).max() / n
    alpha = 10.0 ** -rng.integers(3, 14) * top
    factor = np.where(np.arange(p) < rng.integers(0, 3), 0.0, 1.0)
    model = LassoRegressor(alpha, tol=1e-12, penalty_factor=factor).fit(X, y)
    assert model.solver_ == "active_set+qr"
    assert model.dual_gap_ <= 1e-12 * np.var(y)
