"""Paths on small problems: every tool's answer passes the outside certificate.

Small enough to run on kernels that are not compiled, or compiled with bounds checks:

    NUMBA_DISABLE_JIT=1 pytest tests/kernels tests/solvers/test_path.py
"""

import numpy as np
import pytest
import scipy.sparse as sp

from regkit.designs import make_design
from regkit.solvers.problem import Penalty
from regkit.solvers.solve import alpha_grid, solve_path
from tests.certificate import certify

SHAPES = {"complete Gram matrix": (25, 12), "working set": (12, 520)}
SOLVERS = {"auto": 1e-10, "active_set": 1e-10, "coordinate_descent": 1e-6}
FORMS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "sparse": sp.csc_array}
SPARSITY = 0.7
PENALTIES = {
    "lasso": {},
    "elastic net": {"l1_ratio": 0.4},
    "bounds": {"lower": -0.2, "upper": 0.3},
    "factors": {"factor": np.array([0.0, 2.0, np.inf, 0.5])},
}


def problem(shape, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=shape) * (rng.random(shape) < SPARSITY)
    X[:, -1] = X[:, 0] + X[:, 1]  # dependent columns
    X[:, -2] = 3.0  # a constant
    y = X[:, :6] @ np.array([3.0, -2.0, 1.0, 0.5, -0.5, 2.0])
    return X, y + rng.normal(size=len(y))


def penalty_of(n_features, l1_ratio=1.0, factor=None, **bounds):
    if factor is not None:
        factor = np.resize(factor, n_features)
        factor[4:] = np.maximum(factor[4:], 0.5)  # one unpenalized column
    return Penalty.build(n_features, l1_ratio, factor, **bounds)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("options", PENALTIES.values(), ids=PENALTIES)
def test_every_alpha_is_certified(shape, solver, form, options):
    X, y = problem(shape)
    penalty = penalty_of(X.shape[1], **options)
    design = make_design(FORMS[form](X))
    alphas = alpha_grid(design, y, penalty, n_alphas=4, eps=0.03)
    tol = SOLVERS[solver]
    found = solve_path(
        design, y, penalty, alphas, tol=tol, solver=solver, max_iter=20_000
    )
    assert found.converged.all()
    for i, alpha in enumerate(alphas):
        certificate = certify(
            X,
            y,
            found.coefs[:, [i]].toarray().ravel(),
            found.intercepts[i],
            alpha=alpha,
            l1_ratio=penalty.l1_ratio,
            penalty_factor=penalty.factor,
            bounds=(penalty.lower, penalty.upper),
        )
        assert certificate.problems(2 * tol) == []


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_start_changes_nothing(shape):
    X, y = problem(shape)
    penalty = penalty_of(X.shape[1])
    design = make_design(X)
    cold = solve_path(design, y, penalty, np.array([0.1]))
    start = np.random.default_rng(1).normal(size=X.shape[1])
    warm = solve_path(design, y, penalty, np.array([0.1]), start=start)
    for found in (cold, warm):
        coef, intercept = found.coefs.toarray().ravel(), found.intercepts[0]
        assert certify(X, y, coef, intercept, alpha=0.1).problems(1e-8) == []


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_path_ends_before_too_many_coefficients(shape):
    X, y = problem(shape)
    penalty = penalty_of(X.shape[1])
    alphas = np.geomspace(3.0, 0.01, 20)
    whole = solve_path(make_design(X), y, penalty, alphas)
    found = solve_path(make_design(X), y, penalty, alphas, max_nonzero=3)
    counts = np.diff(whole.coefs.indptr)
    expected = int(np.argmax(counts > 3))
    assert 0 < expected < len(counts)
    assert len(found.alphas) == len(found.dual_gaps) == expected
    assert (found.coefs != whole.coefs[:, :expected]).nnz == 0


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_least_squares_at_the_end_counts_too(shape):
    X, y = problem(shape)
    alphas = np.array([3.0, 1.0, 0.0])
    for l1_ratio, expected in ((1.0, 2), (0.0, 0)):
        penalty = penalty_of(X.shape[1], l1_ratio)
        found = solve_path(make_design(X), y, penalty, alphas, max_nonzero=5)
        assert len(found.alphas) == len(found.dual_gaps) == expected
        assert found.coefs.shape == (X.shape[1], expected)


def test_columns_that_depend_on_others_once_the_ridge_is_gone():
    """They leave the factor, but can still be moved to their bounds."""
    # One direction, once centered.
    X = np.array([[1.25730221, -1.32104863], [6.40422650, 1.04900117]])
    y = np.array([0.47354048, -0.35186762])
    lower, upper = np.array([-0.030644709, -0.028187273]), np.ones(2)
    penalty = Penalty.build(2, 0.5, lower=lower, upper=upper)
    found = solve_path(
        make_design(X), y, penalty, np.array([0.0]), tol=1e-10, solver="active_set"
    )
    assert found.converged.all()
    np.testing.assert_array_equal(found.coefs.toarray()[:, -1], lower)


@pytest.mark.parametrize("p", [8, 520])
@pytest.mark.parametrize("form", FORMS)
def test_alpha_max_beside_unpenalized_columns_far_from_zero(p, form):
    """Not centered, these are parallel but for a millionth; a QR is accurate."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(20, p))
    X[:, :3] += np.array([3e5, -3e5, 6e5])
    y = X[:, :6] @ np.array([1.0, 2.0, -1.0, 0.5, 1.0, 1.0]) + rng.normal(size=20)
    factor = np.ones(p)
    factor[:3] = 0.0
    basis, _ = np.linalg.qr(X[:, :3])
    rest = y - basis @ (basis.T @ y)
    rest -= basis @ (basis.T @ rest)
    expected = np.abs(X[:, 3:].T @ rest).max() / len(y)
    design = make_design(FORMS[form](X), fit_intercept=False)
    penalty = Penalty.build(p, factor=factor)
    alphas = alpha_grid(design, y, penalty, n_alphas=2)
    assert alphas[0] == pytest.approx(expected, rel=1e-8)
    found = solve_path(design, y, penalty, alphas)
    assert found.coefs[3:, [0]].nnz == 0


@pytest.mark.parametrize("factor", [None, np.array([1.0, 0.0, 2.0, 1.0])])
def test_a_path_finds_what_each_alpha_alone_does(factor):
    """What is kept from one alpha for the next survives columns that leave."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 24))
    X += 0.5 * rng.normal(size=X.shape)
    y = X @ rng.normal(size=24) + rng.normal(size=60)
    design, penalty = make_design(X), penalty_of(24, factor=factor)
    alphas = alpha_grid(design, y, penalty, n_alphas=60, eps=1e-4)
    coefs = solve_path(design, y, penalty, alphas, tol=1e-12).columns()
    left = (coefs[:, :-1] != 0.0) & (coefs[:, 1:] == 0.0)
    assert left.any()
    for k in range(0, 60, 7):
        alone = solve_path(design, y, penalty, alphas[k : k + 1], tol=1e-12).columns()
        np.testing.assert_allclose(coefs[:, k], alone[:, 0], rtol=1e-9, atol=1e-11)
