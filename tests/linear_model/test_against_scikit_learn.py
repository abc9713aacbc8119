"""The same answers as scikit-learn's, run to convergence, where it has the problem."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import linear_model
from sklearn.datasets import load_diabetes

from regkit import (
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    GeneralizedLinearRegressorCV,
    LassoRegressor,
    LassoRegressorCV,
    LinearSVMClassifierCV,
    LogisticClassifierCV,
    RidgeRegressor,
    RidgeRegressorCV,
    lasso_path,
)

TIGHT = {"tol": 1e-12, "max_iter": 100_000}


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True, scaled=False)
    return X / X.std(axis=0), y


@pytest.fixture(scope="module")
def weights(diabetes):
    return np.random.default_rng(0).integers(0, 4, size=len(diabetes[1])).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("alpha", [0.1, 2.0, 1e4])
def test_lasso_and_elastic_net(
    diabetes, weights, alpha, fit_intercept, positive, weighted
):
    X, y = diabetes
    sample_weight = weights if weighted else None
    common = {"fit_intercept": fit_intercept, "positive": positive}
    for ours, theirs in [
        (LassoRegressor(alpha, **common), linear_model.Lasso(alpha, **common, **TIGHT)),
        (
            ElasticNetRegressor(alpha, l1_ratio=0.3, **common),
            linear_model.ElasticNet(alpha, l1_ratio=0.3, **common, **TIGHT),
        ),
    ]:
        ours.fit(X, y, sample_weight)
        theirs.fit(X, y, sample_weight)
        assert_allclose(ours.coef_, theirs.coef_, rtol=1e-3, atol=1e-3)
        assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-3, atol=1e-3)
        assert_allclose(ours.score(X, y), theirs.score(X, y), atol=1e-6)


@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "conjugate_gradient"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_ridge(diabetes, weights, fit_intercept, weighted, solver):
    X, y = diabetes
    Y = np.c_[y, np.sqrt(y), -y]
    sample_weight = weights if weighted else None
    alpha = np.array([0.1, 10.0, 1e3])
    ours = RidgeRegressor(
        alpha, fit_intercept=fit_intercept, solver=solver, tol=1e-14
    ).fit(X, Y, sample_weight)
    theirs = linear_model.Ridge(alpha, fit_intercept=fit_intercept, solver="svd")
    theirs.fit(X, Y, sample_weight)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-5, atol=1e-5)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-5)


@pytest.mark.parametrize("solver", ["active_set", "coordinate_descent"])
def test_ridge_through_the_elastic_net_is_the_same_ridge(diabetes, weights, solver):
    X, y = diabetes
    expected = RidgeRegressor(5.0).fit(X, y, weights)
    found = RidgeRegressor(5.0, solver=solver, tol=1e-13).fit(X, y, weights)
    assert_allclose(found.coef_, expected.coef_, rtol=1e-4, atol=1e-4)
    assert found.solver_ == solver
    wide = RidgeRegressor(5.0, bounds=(-1e6, 1e6), tol=1e-13).fit(X, y, weights)
    assert_allclose(wide.coef_, expected.coef_, rtol=1e-4, atol=1e-4)


def test_positive_ridge(diabetes):
    X, y = diabetes
    ours = RidgeRegressor(3.0, positive=True).fit(X, y)
    theirs = linear_model.Ridge(3.0, positive=True, tol=1e-12).fit(X, y)
    assert (ours.coef_ >= 0).all()
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-3, atol=1e-3)


def test_positive_ridge_with_more_columns_than_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 700))
    y = X[:, 0] + rng.normal(size=20)
    ours = RidgeRegressor(1.0, positive=True).fit(X, y)
    theirs = linear_model.Ridge(1.0, positive=True, tol=1e-12).fit(X, y)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_path(diabetes):
    X, y = diabetes
    alphas, coefs, gaps = lasso_path(X, y, n_alphas=20)
    expected = linear_model.lasso_path(X - X.mean(0), y - y.mean(), alphas=alphas)[1]
    assert_allclose(coefs, expected, rtol=5e-2, atol=0.1)
    assert gaps.shape == (20,)


def test_least_squares(diabetes):
    X, y = diabetes
    expected = linear_model.LinearRegression().fit(X, y)
    for model in (LassoRegressor(0), ElasticNetRegressor(0.0), RidgeRegressor(0)):
        model.fit(X, y)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-6)
        assert_allclose(model.intercept_, expected.intercept_, rtol=1e-6)


@pytest.mark.parametrize(
    "kind",
    [
        LassoRegressorCV,
        ElasticNetRegressorCV,
        LogisticClassifierCV,
        LinearSVMClassifierCV,
        GeneralizedLinearRegressorCV,
    ],
)
@pytest.mark.parametrize("alphas", [1, 3])
def test_a_grid_that_ends_where_it_starts(kind, alphas):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.integers(0, 2, 30)
    model = kind(alphas=alphas, eps=1, cv=2).fit(X, y)
    assert model.alphas_.shape == (1,)
    assert_allclose(model.coef_, 0.0, atol=1e-7)
    if alphas == 1:
        assert_allclose(kind(alphas=1, cv=2).fit(X, y).alpha_, model.alpha_)


def test_a_path_is_read_as_three_arrays(diabetes):
    path = lasso_path(*diabetes, n_alphas=4)
    assert len(path) == len(list(path)) == 3
    for k, part in enumerate(path):
        assert path[k] is part
    with pytest.raises(IndexError):
        path[3]


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_errors_of_rows_left_out_with_weights(diabetes, weights, shape):
    X, y = diabetes
    options = {"alphas": [0.1, 10.0], "store_cv_results": True}
    ours = RidgeRegressorCV(**options).fit(X, y.reshape(shape), weights)
    theirs = linear_model.RidgeCV(**options).fit(X, y.reshape(shape), weights)
    assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("solver", ["auto", "conjugate_gradient", "active_set"])
def test_solvers_may_choose_the_number_of_iterations(diabetes, solver):
    X, y = diabetes
    expected = linear_model.Ridge(1.0, max_iter=None).fit(X, y)
    ours = RidgeRegressor(1.0, max_iter=None, solver=solver).fit(X, y)
    assert_allclose(ours.coef_, expected.coef_, rtol=1e-5)


@pytest.mark.parametrize("factor", [None, [1.0, 4.0] * 20])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_penalties_beneath_rounding_choose_the_shortest_answer(fit_intercept, factor):
    """In a wide X by conjugate gradients, whatever the units of its columns."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(15, 40)), rng.normal(size=15)
    X *= rng.uniform(0.3, 3.0, 40)
    scale = np.ones(40) if factor is None else np.sqrt(factor)
    shortest = linear_model.LinearRegression(fit_intercept=fit_intercept)
    expected = shortest.fit(X / scale, y).coef_ / scale
    options = {"fit_intercept": fit_intercept, "penalty_factor": factor, "tol": 1e-12}
    ours = RidgeRegressor(1e-16, solver="conjugate_gradient", **options).fit(X, y)
    assert_allclose(ours.coef_, expected, atol=1e-9)


@pytest.mark.parametrize("criterion", ["aic", "bic", "ebic"])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e12, 1e-140])
def test_criteria_of_a_constant_target(criterion, value):
    X = np.random.default_rng(0).normal(size=(25, 5))
    model = LassoRegressorCV(criterion=criterion).fit(X, np.full(25, value))
    assert_allclose(model.predict(X), value, rtol=1e-12)
    assert not model.coef_.any()
