"""Bounds, `positive`, penalty factors, standardize, warm starts, failed fits."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from regkit import (
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    GeneralizedLinearRegressor,
    LassoRegressor,
    LogisticClassifier,
    LogisticClassifierCV,
    RidgeRegressor,
    RidgeRegressorCV,
    enet_path,
)

ESTIMATORS = [LassoRegressor(0.05), ElasticNetRegressor(0.05), RidgeRegressor(1.0)]


@pytest.fixture(params=ESTIMATORS, ids=lambda e: type(e).__name__)
def estimator(request):
    return type(request.param)(request.param.alpha)


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(50, 4))
    return X, X @ [2.0, -1.5, 0.3, 0.0] + 0.3 * rng.normal(size=50) + 10


def test_bounds(estimator, data):
    X, y = data
    free = estimator.fit(X, y).coef_
    for bounds in [(-1, 1), ([-1.0] * 4, 1), (-1, np.ones(4)), [[-1] * 4, [1] * 4]]:
        limited = estimator.set_params(bounds=bounds).fit(X, y).coef_
        assert_allclose(limited[:2], [1, -1], atol=1e-9)
        assert (np.abs(limited) <= 1).all()
    unlimited = estimator.set_params(bounds=(-np.inf, np.inf)).fit(X, y).coef_
    assert_allclose(unlimited, free, rtol=1e-6)


def test_positive_raises_the_lower_bounds(estimator, data):
    X, y = data
    found = estimator.set_params(positive=True).fit(X, y).coef_
    assert found[1] == 0
    assert (found >= 0).all()
    both = estimator.set_params(bounds=([-1, -1, -1, -1], 1)).fit(X, y).coef_
    assert_allclose(both[:2], [1, 0], atol=1e-9)


def test_penalty_factor_of_inf_excludes_and_of_zero_frees(estimator, data):
    X, y = data
    estimator.set_params(alpha=1e6, penalty_factor=[0, 1, np.inf, 1])
    estimator.fit(X, y)
    alone = type(estimator)(0).fit(X[:, :1], y)
    assert_allclose(estimator.coef_[0], alone.coef_[0], rtol=1e-3)
    assert_allclose(estimator.coef_[1:], 0, atol=1e-3)
    assert estimator.coef_[2] == 0
    excluded = estimator.set_params(alpha=0.1, penalty_factor=[1, 1, np.inf, 1])
    without = type(estimator)(0.1).fit(np.delete(X, 2, axis=1), y)
    assert_allclose(np.delete(excluded.fit(X, y).coef_, 2), without.coef_, rtol=1e-5)


def test_penalty_factor_is_not_rescaled(estimator, data):
    X, y = data
    expected = type(estimator)(2 * estimator.alpha).fit(X, y).coef_
    found = estimator.set_params(penalty_factor=np.full(4, 2)).fit(X, y).coef_
    assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_all_columns_excluded(estimator, data):
    X, y = data
    estimator.set_params(penalty_factor=np.full(4, np.inf)).fit(X, y)
    assert_array_equal(estimator.coef_, 0)
    assert_allclose(estimator.intercept_, y.mean())


@pytest.mark.parametrize("store", [np.asarray, sp.csr_array, sp.csc_array])
def test_standardize(estimator, data, store):
    X, y = data
    X = X * [1, 10, 0.1, 1] + [0, 5, 0, 0]
    weight = np.linspace(0.5, 1.5, len(y))
    mean = np.average(X, axis=0, weights=weight)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    expected = estimator.fit((X - mean) / scale, y, weight).coef_ / scale
    found = estimator.set_params(standardize=True).fit(store(X), y, weight)
    assert_allclose(found.coef_, expected, rtol=1e-5, atol=1e-8)
    assert_allclose(found.predict(X).mean(), y.mean(), rtol=0.05)


def test_constant_columns_get_no_coefficient(estimator, data):
    X, y = data
    X = np.c_[X, np.full(len(y), 7.0)]
    for standardize in (False, True):
        estimator.set_params(standardize=standardize).fit(X, y)
        assert abs(estimator.coef_[4]) < 1e-9


def test_warm_start(estimator, data):
    X, y = data
    cold = type(estimator)(0.01).fit(X, y)
    estimator.set_params(warm_start=True)
    estimator.fit(X, y)  # nothing to start from
    estimator.set_params(alpha=0.01).fit(X, y)
    assert_allclose(estimator.coef_, cold.coef_, rtol=1e-6)
    estimator.fit(X[:, :2], y)  # other columns: from scratch
    assert estimator.coef_.shape == (2,)
    estimator.fit(X, np.c_[y, -y])
    estimator.fit(X, np.c_[y, -y])
    assert_allclose(estimator.coef_[0], cold.coef_, rtol=1e-6)
    estimator.set_params(bounds=(-0.5, 0.5)).fit(X, np.c_[y, -y])
    assert (np.abs(estimator.coef_) <= 0.5).all()
    estimator.coef_ = np.full((2, 4), np.nan)
    estimator.set_params(bounds=None).fit(X, np.c_[y, -y])
    assert_allclose(estimator.coef_[0], cold.coef_, rtol=1e-6)


def test_warm_start_at_the_solution_is_no_slower():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 40))
    y = X[:, :10].sum(axis=1) + rng.normal(size=60)
    model = LassoRegressor(0.05, warm_start=True, solver="coordinate_descent")
    first = model.fit(X, y).n_iter_
    assert model.fit(X, y).n_iter_ <= first


def test_a_failed_fit_leaves_the_estimator_as_it_was(estimator, data):
    import pandas as pd

    X, y = data
    estimator.fit(pd.DataFrame(X, columns=list("abcd")), y)
    before = dict(vars(estimator))
    broken = X.copy()
    broken[0, 0] = np.nan
    failures = [
        ((broken, y), {}),
        ((pd.DataFrame(X[:, :3], columns=list("xyz")), y[:-1]), {}),
        ((X[:, :2], y), {"penalty_factor": [1.0, -1.0]}),
        ((X[:, :2], y), {"bounds": (1, 2)}),
        ((X[:, :2], y, -np.ones(50)), {}),
        ((X, y), {"alpha": -1}),
    ]
    for args, params in failures:
        estimator.set_params(**params)
        with pytest.raises(ValueError, match=r"\w"):
            estimator.fit(*args)
        estimator.set_params(**{name: before[name] for name in params})
        assert vars(estimator) == before
    named = pd.DataFrame(X, columns=list("abcd"))
    assert np.isfinite(estimator.predict(named)).all()


def test_before_fit(estimator, data):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        estimator.predict(data[0])
    with pytest.raises(AttributeError):
        _ = estimator.sparse_coef_


def test_ridge_takes_an_alpha_for_each_target(data):
    X, y = data
    Y = np.c_[y, y]
    alphas = np.array([0.1, 100.0])
    for params in ({}, {"positive": True}, {"solver": "svd"}):
        model = RidgeRegressor(alphas, **params).fit(X, Y)
        for t in range(2):
            alone = RidgeRegressor(alphas[t], **params).fit(X, y)
            assert_allclose(model.coef_[t], alone.coef_, rtol=1e-6, atol=1e-8)
    assert_allclose(
        RidgeRegressor([0.1]).fit(X, y).coef_, RidgeRegressor(0.1).fit(X, y).coef_
    )


@pytest.mark.parametrize("number", [Fraction, np.float16, np.longdouble])
@pytest.mark.parametrize(
    ("model", "names"),
    [
        (ElasticNetRegressor(), "alpha l1_ratio tol"),
        (ElasticNetRegressorCV(alphas=5), "eps l1_ratio relaxed tol"),
        (RidgeRegressor(solver="conjugate_gradient"), "alpha tol"),
        (RidgeRegressorCV(alphas=5), "eps tol"),
        (LogisticClassifier(), "alpha l1_ratio tol"),
        (LogisticClassifierCV(alphas=5), "eps l1_ratio tol"),
        (GeneralizedLinearRegressor(family="tweedie"), "alpha power"),
    ],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
@pytest.mark.filterwarnings("ignore:.*at the edge of the grid")
def test_numbers_of_any_type(model, names, number, data):
    X, y = data
    y = (y > 10) + 1.0
    for name in names.split():
        value = 1.25 if name == "power" else 0.125
        given, expected = (
            clone(model).set_params(**{name: each}).fit(X, y)
            for each in (number(value), value)
        )
        assert_array_equal(given.coef_, expected.coef_)


@pytest.mark.parametrize("number", [Fraction, np.float16, np.longdouble])
def test_numbers_of_any_type_on_paths(number, data):
    eighth = number(0.125)
    given = enet_path(*data, n_alphas=5, l1_ratio=eighth, eps=eighth, tol=eighth)
    expected = enet_path(*data, n_alphas=5, l1_ratio=0.125, eps=0.125, tol=0.125)
    assert_array_equal(given.coefs, expected.coefs)
    (model,) = ElasticNetRegressor().fit_path(*data, [eighth])
    assert_array_equal(model.coef_, ElasticNetRegressor(0.125).fit(*data).coef_)


@pytest.mark.filterwarnings("ignore:.*at the edge of the grid")
def test_array_without_dimensions_is_a_number(data):
    X, y = data
    for given in (y, np.stack([y, -y], axis=1)):
        found = RidgeRegressor(np.array(0.125)).fit(X, given).coef_
        assert_array_equal(found, RidgeRegressor(0.125).fit(X, given).coef_)
    found = ElasticNetRegressorCV(alphas=5, l1_ratio=np.array(0.5)).fit(X, y)
    assert_array_equal(
        found.coef_, ElasticNetRegressorCV(alphas=5, l1_ratio=0.5).fit(X, y).coef_
    )


def test_numbers_beyond_float64_are_refused(data):
    with pytest.raises(ValueError, match="'alpha' parameter of LassoRegressor must be"):
        LassoRegressor(10**400).fit(*data)


def test_defaults_are_checked_too(data):
    class Wrong(LassoRegressor):
        def __init__(self, alpha=-1.0):
            super().__init__(alpha)

    with pytest.raises(ValueError, match="'alpha' parameter of Wrong must be"):
        Wrong().fit(*data)
    assert Wrong(0.1).fit(*data).alpha == 0.1
