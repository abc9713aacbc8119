"""Multinomial paths against an outside certificate."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from regkit.designs import make_design
from regkit.solvers.losses import LOGISTIC
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import solve_loss_path
from regkit.solvers.solve_multinomial import (
    multinomial_alpha_grid,
    solve_multinomial_path,
)
from tests.loss_certificate import certify_loss
from tests.solvers.paths.weighted_designs import stated, take_design_options

FORMS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "sparse": sp.csc_array}
SHAPES = {"all columns": (80, 10), "working set": (25, 60)}
ROUNDING = 1e-14

pytestmark = pytest.mark.usefixtures("working_sets_of_few_columns")


def table(shape, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=shape) * (rng.random(shape) < 0.7)
    eta = 1.5 * X[:, :4] @ rng.normal(size=(4, n_classes))
    p = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    draws = (rng.random((shape[0], 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    draws[:n_classes] = np.arange(n_classes)
    return X, draws


def weighted_table(shape):
    """Four classes, with factors, offsets, and what a design of weighted rows takes."""
    X, y = table(shape, n_classes=4, seed=1)
    n, p = X.shape
    rng = np.random.default_rng(2)
    factor = rng.choice([0.3, 1.0, 2.0], p)
    factor[0], factor[5] = 0.0, np.inf
    weight = rng.integers(0, 4, n).astype(float)
    offset = 0.3 * rng.normal(size=(n, 4))
    return X, y, factor, offset, {"sample_weight": weight, "standardize": True}


def check(X, y, penalty, alphas, *, make=np.asfortranarray, tol=1e-10, **options):
    n_classes = int(y.max()) + 1
    design_options = take_design_options(options)
    design = make_design(make(X), **design_options)
    found = solve_multinomial_path(
        design, y, n_classes, penalty, alphas, tol=tol, **options
    )
    assert found.shape == (len(alphas), n_classes)
    assert np.all(found.converged)
    coefs = found.dense()
    for k, alpha in enumerate(alphas):
        certificate = certify_loss(
            "multinomial",
            X,
            y,
            coefs[k],
            found.intercepts[k],
            alpha=alpha,
            **stated(penalty, options),
            grouped=options.get("is_grouped", False),
            **design_options,
        )
        assert certificate.relative_gap <= tol + ROUNDING
        reported = found.dual_gaps[k, 0] / found.null_objectives[k, 0]
        assert certificate.relative_gap <= reported * (1 + 1e-6) + ROUNDING
    return found


def grid(X, y, penalty, n=6, offset=None, is_grouped=False, **options):
    design = make_design(np.asfortranarray(X), **options)
    n_classes = int(y.max()) + 1
    how = {"offset": offset, "is_grouped": is_grouped}
    return multinomial_alpha_grid(design, y, n_classes, penalty, n, 0.05, **how)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_path_is_optimal(shape, form):
    X, y = table(SHAPES[shape])
    for l1_ratio in (1.0, 0.4):
        penalty = Penalty.build(X.shape[1], l1_ratio)
        found = check(X, y, penalty, grid(X, y, penalty), make=FORMS[form])
        assert found.coefs[:, :3].nnz == 0
        assert found.coefs[:, -3:].nnz > 5
        np.testing.assert_allclose(found.intercepts.sum(axis=1), 0.0, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_factors_bounds_weights_and_offset(shape):
    X, y, factor, offset, options = weighted_table(SHAPES[shape])
    p = X.shape[1]
    lower, upper = np.full(p, -np.inf), np.full(p, np.inf)
    lower[1], upper[2], lower[7:] = -0.1, 0.2, 0.0
    penalty = Penalty.build(p, 0.8, factor, lower, upper)
    alphas = grid(X, y, penalty, offset=offset, **options)
    check(X, y, penalty, alphas, offset=offset, **options)


def test_without_intercept_and_from_a_start():
    X, y = table((80, 10), seed=3)
    penalty = Penalty.build(10)
    options = {"fit_intercept": False}
    alphas = grid(X, y, penalty, **options)
    found = check(X, y, penalty, alphas, **options)
    assert np.all(found.intercepts == 0.0)
    start = found.dense()[-1].T, found.intercepts[-1]
    again = check(X, y, penalty, alphas[-1:], start=start, **options)
    assert again.n_iters[0, 0] <= 3
    penalty = Penalty.build(10)
    one = check(X, y, penalty, alphas[-1:])
    start = one.dense()[0].T, one.intercepts[0] + 7.0
    assert check(X, y, penalty, alphas[-1:], start=start).n_iters[0, 0] <= 3


def test_ridge_is_scikit_learns():
    X, y = table((80, 10), seed=4)
    alpha = 0.05
    found = check(X, y, Penalty.build(10, 0.0), np.array([alpha]), tol=1e-14)
    theirs = LogisticRegression(C=1 / (alpha * len(y)), tol=1e-10, max_iter=10_000)
    theirs.fit(X, y)
    np.testing.assert_allclose(found.dense()[0], theirs.coef_, atol=1e-6)
    expected = theirs.intercept_ - theirs.intercept_.mean()
    np.testing.assert_allclose(found.intercepts[0], expected, atol=1e-6)


def test_two_classes_share_what_one_coefficient_does():
    """At equal penalties of both, each takes half: log-odds are their difference."""
    X, y = table((80, 10), n_classes=2, seed=5)
    alpha = 0.02
    both = check(X, y, Penalty.build(10, 0.0), np.array([alpha]), tol=1e-14)
    one = solve_loss_path(
        make_design(X),
        LOGISTIC,
        y.astype(float),
        Penalty.build(10, 0.0),
        np.array([alpha / 2]),
        tol=1e-14,
    )
    difference = both.dense()[0][1] - both.dense()[0][0]
    np.testing.assert_allclose(difference, one.dense()[0], atol=1e-6)


def test_a_class_without_rows_has_no_intercept():
    X, y = table((80, 10))
    design = make_design(X, (y != 1).astype(float))
    with pytest.raises(ValueError, match="class 1 has no row of positive weight"):
        multinomial_alpha_grid(design, y, 3, Penalty.build(10))


@pytest.mark.parametrize(
    ("X", "weight", "alpha", "l1_ratio"),
    [
        ([[-2, 1], [-1, 0], [-1, 0], [1, 1]], [1e3, 1e3, 1e-4, 0.1], 0.1, 0.0),
        ([[0], [2], [0], [-1]], [1e2, 1e2, 0.1, 1e-4], 1.7e-5, 0.5),
        ([[2], [0], [2], [1]], [1e3, 1e-2, 0.1, 0.1], 4.8e-8, 0.0),
    ],
)
def test_weights_over_eight_orders(X, weight, alpha, l1_ratio):
    """Classes that are all but certain in all rows of weight, and large columns."""
    y = np.array([0, 1, 2, 2])
    penalty = Penalty.build(len(X[0]), l1_ratio)
    options = {"sample_weight": np.array(weight)}
    check(1e4 * np.array(X, float), y, penalty, np.array([alpha]), **options)


GROUPED = {"is_grouped": True}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_groups_are_optimal_and_whole(shape, form):
    X, y = table(SHAPES[shape])
    for l1_ratio in (1.0, 0.4):
        penalty = Penalty.build(X.shape[1], l1_ratio)
        alphas = grid(X, y, penalty, 4, **GROUPED)
        found = check(X, y, penalty, alphas, make=FORMS[form], **GROUPED)
        coefs = found.dense()
        assert not coefs[0].any()
        assert coefs[-1].any(axis=0).sum() > 3
        np.testing.assert_array_equal(np.any(coefs, axis=1), np.all(coefs, axis=1))
        np.testing.assert_allclose(coefs.sum(axis=1), 0.0, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_groups_with_factors_weights_and_offset(shape):
    X, y, factor, offset, options = weighted_table(SHAPES[shape])
    X[:, 6] = 1.0
    how = {"offset": offset, **GROUPED}
    penalty = Penalty.build(X.shape[1], 0.8, factor)
    alphas = grid(X, y, penalty, 4, **how, **options)
    found = check(X, y, penalty, alphas, **how, **options)
    assert not found.dense()[:, :, [5, 6]].any()
    assert np.abs(found.dense()[0, :, 1:]).max() <= 1e-12
    assert found.dense()[0, :, 0].all()
    start = found.dense()[-1].T, found.intercepts[-1]
    again = check(X, y, penalty, alphas[-1:], start=start, **how, **options)
    assert again.n_iters[0, 0] <= 3


def test_groups_without_intercept():
    X, y = table((80, 10), seed=3)
    penalty, options = Penalty.build(10), {"fit_intercept": False, **GROUPED}
    found = check(X, y, penalty, grid(X, y, penalty, **options), **options)
    assert np.all(found.intercepts == 0.0)


@pytest.mark.parametrize("tol", [1e-2, 1e-3, 1e-5, 1e-8])
def test_groups_are_certified_at_any_tolerance(tol):
    """Models are minimized as far as that needs; gaps count what they leave over."""
    X, y = table(SHAPES["all columns"])
    X[:, -1] = X[:, 0] + 1e-3 * X[:, 1]  # nearly tied: sweeps alone are slow
    for l1_ratio in (1.0, 0.4):
        penalty = Penalty.build(X.shape[1], l1_ratio)
        check(X, y, penalty, grid(X, y, penalty, 8, **GROUPED), tol=tol, **GROUPED)


def test_groups_without_an_l1_penalty_are_single_coefficients():
    X, y = table((80, 10), seed=4)
    penalty, alphas = Penalty.build(10, 0.0), np.array([0.05])
    found = check(X, y, penalty, alphas, **GROUPED)
    expected = check(X, y, penalty, alphas)
    np.testing.assert_array_equal(found.dense(), expected.dense())


def test_groups_that_are_tied_but_for_rows_of_little_weight():
    """Only one of the columns of size 2 in the first row is in the model, or two."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.choice([-2, -1, 1, 2], 12), rng.integers(-2, 3, (3, 12))])
    weight = np.array([1.0, 3e-7, 4e-8, 2e-8])
    options = {"sample_weight": weight, "fit_intercept": False, **GROUPED}
    penalty, alphas = Penalty.build(12), np.array([0.3, 0.01])
    check(X.astype(float), np.array([0, 1, 2, 1]), penalty, alphas, **options)


def test_groups_whose_first_step_would_make_all_rows_certain():
    """Beyond it probabilities round to 0 and 1, and no curvature leads back."""
    X = np.array([[(-1) ** ((i & j).bit_count()) for j in range(5)] for i in range(8)])
    X = np.vstack([X, X[:1]]).astype(float)
    y = np.array([0, 1, 2, 2, 0, 0, 1, 2, 2])
    weight = np.array([1e-2, 1e3, 1e-4, 1e3, 10.0, 1e2, 1e-2, 10.0, 1e4])
    options = {"sample_weight": weight, "standardize": True, **GROUPED}
    check(X, y, Penalty.build(5), np.array([0.010683828744786173]), **options)
