"""Hinge paths against linear programs and scikit-learn's support vector machine."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog
from sklearn.svm import SVC

from regkit.designs import make_design
from regkit.solvers.losses import HINGE
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import loss_alpha_grid, solve_loss_path

SHAPES = {"all columns": (60, 8), "working set": (25, 130)}
FORMS = {"F": np.asfortranarray, "sparse": sp.csc_array}

pytestmark = pytest.mark.usefixtures("working_sets_of_few_columns")


def table(shape, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=shape) * (rng.random(shape) < 0.8)
    y = np.sign(X[:, 0] - 0.5 * X[:, 1] + 0.7 * rng.normal(size=shape[0]) + 0.2)
    return X, y


def objective(X, y, share, penalty, alpha, coef, intercept):
    margins = np.maximum(0.0, 1.0 - y * (X @ coef + intercept))
    size = penalty.l1_ratio * np.abs(coef) + (1 - penalty.l1_ratio) / 2 * coef**2
    return share @ margins + alpha * (penalty.factor @ size)


def least_by_linear_program(X, y, share, penalty, alpha, fit_intercept):
    """Return the least objective with an L1 penalty."""
    n, p = X.shape
    cost = alpha * penalty.factor
    signed = y[:, None] * X
    free = y[:, None] if fit_intercept else np.empty((n, 0))
    found = linprog(
        np.concatenate([cost, cost, np.zeros(free.shape[1]), share]),
        A_ub=-np.hstack([signed, -signed, free, np.eye(n)]),
        b_ub=-np.ones(n),
        bounds=[(0, None)] * (2 * p) + [(None, None)] * free.shape[1] + [(0, None)] * n,
        method="highs",
    )
    return found.fun


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_l1_is_the_linear_programs(shape, form):
    X, y = table(SHAPES[shape])
    n, p = X.shape
    weight = np.random.default_rng(1).integers(0, 3, n).astype(float)
    share = weight / weight.sum()
    factor = np.random.default_rng(2).choice([0.5, 1.0, 2.0], p)
    penalty = Penalty.build(p, 1.0, factor)
    for fit_intercept in (True, False):
        design = make_design(FORMS[form](X), weight, fit_intercept)
        alphas = loss_alpha_grid(design, HINGE, y, penalty, 6, 0.05)
        found = solve_loss_path(design, HINGE, y, penalty, alphas, tol=1e-7)
        assert np.all(found.converged)
        for k, alpha in enumerate(alphas):
            least = least_by_linear_program(X, y, share, penalty, alpha, fit_intercept)
            mine = objective(
                X, y, share, penalty, alpha, found.dense()[k], found.intercepts[k]
            )
            assert mine - least <= 1e-7 * found.null_objectives[k] + 1e-9
            assert mine - least >= -1e-9


@pytest.mark.parametrize("shape", SHAPES)
def test_l2_is_the_support_vector_machines(shape):
    X, y = table(SHAPES[shape], seed=3)
    n, p = X.shape
    penalty = Penalty.build(p, 0.0)
    share = np.full(n, 1 / n)
    alphas = np.array([0.3, 0.03])
    found = solve_loss_path(make_design(X), HINGE, y, penalty, alphas, tol=1e-7)
    assert np.all(found.converged)
    for k, alpha in enumerate(alphas):
        theirs = SVC(kernel="linear", C=1 / (alpha * n), tol=1e-9).fit(X, y)
        fitted = found.dense()[k], found.intercepts[k]
        mine = objective(X, y, share, penalty, alpha, *fitted)
        other = theirs.coef_.ravel(), theirs.intercept_[0]
        best = objective(X, y, share, penalty, alpha, *other)
        assert mine <= best + 1e-7


def test_elastic_net_bounds_and_offset():
    X, y = table((60, 8), seed=4)
    offset = 0.3 * np.random.default_rng(5).normal(size=60)
    penalty = Penalty.build(8, 0.5, None, 0.0, 0.3)
    design = make_design(X, standardize=True)
    alphas = loss_alpha_grid(design, HINGE, y, penalty, 5, 0.05, offset=offset)
    found = solve_loss_path(design, HINGE, y, penalty, alphas, tol=1e-7, offset=offset)
    assert np.all(found.converged)
    coefs = found.dense()
    assert np.all((coefs >= 0.0) & (coefs <= 0.3))
    assert found.coefs[:, [-1]].nnz > 1


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_zeros_are_zero(l1_ratio):
    """Where one class is rare a constant is best: nothing is left of the smoothing."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(150, 12)), np.where(rng.random(150) < 0.3, 1.0, -1.0)
    design, penalty = make_design(X), Penalty.build(12, l1_ratio)
    alphas = np.array([0.2, 0.1])
    found = solve_loss_path(design, HINGE, y, penalty, alphas, tol=1e-16)
    assert found.coefs.nnz == 0
    np.testing.assert_allclose(found.intercepts, -1.0, atol=1e-11)
    assert np.all(found.dual_gaps <= 1e-11)
