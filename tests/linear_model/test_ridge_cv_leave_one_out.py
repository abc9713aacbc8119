"""RidgeRegressorCV without folds: errors of rows left out, against refits."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes

from regkit import RidgeRegressor, RidgeRegressorCV
from tests.linear_model.ridge_tables import ALPHAS, left_out, make_table

# The grids here are short: many end before the best alpha.
pytestmark = pytest.mark.filterwarnings("ignore:.*xtend the grid:UserWarning")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "kind", ["dense", "fortran", "float32", "integer", "csr", "csc"]
)
def test_leave_one_out_equals_refits(ridge_table, kind, weighted):
    X, y = ridge_table
    if kind == "integer":
        X = np.rint(20 * X).astype(int)
    if kind == "float32":
        X = X.astype(np.float32)
    weight = np.ones(len(y))
    if weighted:
        weight = np.random.default_rng(1).integers(0, 4, len(y)).astype(float)
    given = {"fortran": np.asfortranarray, "csr": sp.csr_array, "csc": sp.csc_matrix}
    model = RidgeRegressorCV(alphas=ALPHAS, store_cv_results=True)
    model.fit(given.get(kind, np.asarray)(X), y, weight if weighted else None)
    expected = left_out(X, y, ALPHAS, weight)
    squares = weight[:, None] * expected**2
    assert_allclose(model.cv_results_, squares, rtol=1e-6, atol=1e-10)
    mean = np.average(expected**2, axis=0, weights=weight)
    assert_allclose(model.cv_error_, mean, rtol=1e-8)
    spread = np.average((expected**2 - mean) ** 2, axis=0, weights=weight)
    n = np.count_nonzero(weight)
    assert_allclose(model.cv_error_se_, np.sqrt(spread / (n - 1)), rtol=1e-6)
    assert model.alpha_ == ALPHAS[np.argmin(mean)]
    assert model.best_score_ == -model.cv_error_.min()


@pytest.mark.parametrize("cv", [None, "gcv", 4])
def test_the_model_is_that_of_the_single_estimator(ridge_table, cv):
    X, y = ridge_table
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    model = RidgeRegressorCV(alphas=ALPHAS, cv=cv, standardize=True)
    model.fit(X, y, weight)
    single = RidgeRegressor(model.alpha_, standardize=True).fit(X, y, weight)
    assert_allclose(model.coef_, single.coef_, rtol=1e-9, atol=1e-12)
    assert_allclose(model.intercept_, single.intercept_)
    assert_allclose(model.predict(X), single.predict(X))
    assert model.solver_ == single.solver_
    assert model.dual_gap_ >= 0.0


def test_standardize_keeps_the_scales_of_all_rows(ridge_table):
    X, y = ridge_table
    X = X * np.geomspace(0.1, 10.0, X.shape[1])
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    model = RidgeRegressorCV(
        alphas=ALPHAS, standardize=True, store_cv_results=True
    ).fit(X, y, weight)
    mean = np.average(X, axis=0, weights=weight)
    square = np.average((X - mean) ** 2, axis=0, weights=weight)
    expected = left_out(X, y, ALPHAS, weight, penalty_factor=square)
    squares = weight[:, None] * expected**2
    assert_allclose(model.cv_results_, squares, rtol=1e-6, atol=1e-10)


def test_penalty_factors_and_no_intercept(ridge_table):
    X, y = ridge_table
    factor = np.random.default_rng(2).choice([0.5, 1.0, 3.0], X.shape[1])
    factor[:2], factor[2] = 0.0, np.inf
    options = {"penalty_factor": factor, "fit_intercept": False}
    model = RidgeRegressorCV(alphas=ALPHAS, store_cv_results=True, **options)
    model.fit(X, y + 3.0)
    expected = left_out(X, y + 3.0, ALPHAS, np.ones(len(y)), **options)
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6, atol=1e-10)


def test_no_penalty_at_all_in_the_grid():
    X, y = load_diabetes(return_X_y=True)
    model = RidgeRegressorCV(alphas=[0.0, 1e-12], store_cv_results=True).fit(X, y)
    expected = left_out(X, y, model.alphas_, np.ones(len(y)))
    assert_allclose(model.cv_results_, expected**2, rtol=1e-7)


@pytest.mark.parametrize("alpha", [1e-9, 1e-13, 0.0])
@pytest.mark.filterwarnings("ignore:.*not unique:UserWarning")
def test_fits_that_pass_through_every_row(alpha):
    """Where 1 - h is zero but for the penalty, or for rounding."""
    X, y = make_table(20, 50)
    model = RidgeRegressorCV(alphas=[alpha, 1.0], store_cv_results=True).fit(X, y)
    expected = left_out(X, y, model.alphas_, np.ones(len(y)))
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6)


@pytest.mark.parametrize("n", [40, 400])
def test_rows_that_alone_decide_about_a_coefficient(n):
    """Left out, their columns are constant: nothing but refitting helps."""
    X, y = make_table(n, 6)
    X = np.column_stack([X, np.eye(n)[:, :3]])
    factor = np.r_[np.ones(6), np.zeros(3)]
    model = RidgeRegressorCV(
        alphas=ALPHAS, penalty_factor=factor, store_cv_results=True
    ).fit(X, y)
    expected = left_out(X, y, ALPHAS, np.ones(n), penalty_factor=factor)
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6, atol=1e-10)


def test_too_many_such_rows_are_not_judged():
    X, y = make_table(200, 4)
    X = np.column_stack([X, np.eye(200)[:, :60]])
    with pytest.warns(
        UserWarning,
        match="not estimate the error of 1 of the alphas, 0 and below",
    ):
        model = RidgeRegressorCV(alphas=[1.0, 0.1, 0.0]).fit(X, y)
    assert_array_equal(np.isnan(model.cv_error_), [False, False, True])
    assert model.alpha_ in (1.0, 0.1)


def test_copies_of_columns_and_units_do_not_matter():
    X, y = make_table(50, 5)
    X = np.column_stack([X, X[:, :2], 2 * X[:, 2]])
    alphas = [10.0, 1e-3, 1e-8]
    model = RidgeRegressorCV(alphas=alphas, store_cv_results=True).fit(X, y)
    expected = left_out(X, y, alphas, np.ones(len(y)))
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6)
    scaled = RidgeRegressorCV(
        alphas=np.array(alphas) * 1e14, store_cv_results=True
    ).fit(1e7 * X, y)
    assert_allclose(scaled.cv_results_, model.cv_results_, rtol=1e-6)


@pytest.mark.parametrize("per_target", [False, True])
def test_several_targets(ridge_table, per_target):
    X, y = ridge_table
    Y = np.column_stack([y, np.random.default_rng(0).normal(size=len(y)), -2 * y])
    model = RidgeRegressorCV(
        alphas=ALPHAS, alpha_per_target=per_target, store_cv_results=True
    )
    model.fit(X, Y)
    expected = left_out(X, Y, ALPHAS, np.ones(len(y)))
    assert_allclose(model.cv_results_, expected**2, rtol=1e-6, atol=1e-10)
    mean = np.mean(expected**2, axis=0)  # (T, A)
    if per_target:
        assert_allclose(model.cv_error_, mean.T, rtol=1e-8)
        assert_array_equal(model.alpha_, ALPHAS[np.argmin(mean, axis=1)])
        assert model.alpha_1se_.shape == model.best_score_.shape == (3,)
        assert model.at_grid_edge_.dtype == bool
    else:
        assert_allclose(model.cv_error_, mean.mean(axis=0), rtol=1e-8)
        assert model.alpha_ == ALPHAS[np.argmin(mean.mean(axis=0))]
    single = RidgeRegressor(model.alpha_).fit(X, Y)
    assert_allclose(model.coef_, single.coef_, rtol=1e-9, atol=1e-12)


def test_one_column_of_targets_is_as_good_as_a_vector(ridge_table):
    X, y = ridge_table
    flat = RidgeRegressorCV(alphas=ALPHAS, cv=3).fit(X, y)
    column = RidgeRegressorCV(alphas=ALPHAS, cv=3).fit(X, y[:, None])
    assert_allclose(column.mse_path_, flat.mse_path_)
    assert column.coef_.shape == (X.shape[1],)
    assert column.intercept_.shape == (1,)
    assert column.predict(X).shape == y.shape
    each = RidgeRegressorCV(alphas=ALPHAS, cv=3, alpha_per_target=True)
    assert each.fit(X, y[:, None]).alpha_.shape == (1,)
