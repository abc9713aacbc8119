"""`lasso_path`, `enet_path` and the `RegularizationPath` they return."""

import dataclasses
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from regkit import (
    ElasticNetRegressor,
    LassoRegressor,
    RegularizationPath,
    enet_path,
    lasso_path,
)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(40, 12))
    return X, X[:, :4] @ [3.0, -2.0, 1.0, 0.5] + rng.normal(size=40) + 5


@pytest.fixture(scope="module")
def path(data):
    return lasso_path(*data, n_alphas=30)


def test_fields(path):
    assert isinstance(path, RegularizationPath)
    assert path.alphas.shape == path.dual_gaps.shape == path.intercepts.shape == (30,)
    assert path.coefs.shape == path.sparse_coefs.shape == (12, 30)
    assert_array_equal(path.coefs, path.sparse_coefs.toarray())
    assert path.coefs is path.coefs
    assert_array_equal(path.n_nonzero, np.count_nonzero(path.coefs, axis=0))
    assert path.n_iters.shape == (30,)
    assert isinstance(path.solver, str)
    assert path.n_features_in_ == 12
    assert path.feature_names_in_ is None


def test_unpacks_as_scikit_learn_does(path):
    alphas, coefs, dual_gaps = path
    assert alphas is path.alphas
    assert coefs is path.coefs
    assert dual_gaps is path.dual_gaps


def test_repr(path):
    assert repr(path).startswith(
        "RegularizationPath(n_features=12, n_alphas=30, alpha="
    )
    assert len(repr(path)) < 160


def test_is_frozen_and_can_be_pickled(path):
    with pytest.raises(dataclasses.FrozenInstanceError):
        path.alphas = path.alphas[:3]
    again = pickle.loads(pickle.dumps(path))
    assert_array_equal(again.coefs, path.coefs)


def test_grid(data, path):
    alphas = path.alphas
    assert_allclose(alphas[1:] / alphas[:-1], 1e-3 ** (1 / 29), rtol=1e-9)
    assert path.n_nonzero[0] == 0
    X, y = data
    just_below = LassoRegressor(alphas[0] * (1 - 1e-6)).fit(X, y)
    assert np.count_nonzero(just_below.coef_) == 1


def test_each_alpha_equals_its_own_fit(data, path):
    X, y = data
    for k in (3, 15, 29):
        model = LassoRegressor(path.alphas[k]).fit(X, y)
        assert_allclose(path.coefs[:, k], model.coef_, rtol=1e-3, atol=1e-3)
        assert_allclose(path.intercepts[k], model.intercept_, rtol=1e-4)


def test_options_reach_the_problem(data):
    X, y = data
    weight = np.linspace(0, 1, 40)
    options = {
        "fit_intercept": False,
        "standardize": True,
        "bounds": (-1, 2),
        "penalty_factor": [0, np.inf, *np.ones(10)],
    }
    path = enet_path(X, y, l1_ratio=0.8, n_alphas=4, sample_weight=weight, **options)
    for k, alpha in enumerate(path.alphas):
        model = ElasticNetRegressor(alpha, l1_ratio=0.8, **options).fit(X, y, weight)
        assert_allclose(path.coefs[:, k], model.coef_, rtol=1e-3, atol=1e-4)
    assert_array_equal(path.coefs[1], 0)
    assert path.coefs.max() <= 2
    assert path.n_nonzero[0] == 1  # the unpenalized one
    assert_array_equal(path.intercepts, 0)
    assert (lasso_path(X, y, positive=True, n_alphas=5).coefs >= 0).all()


def test_alphas_in_any_form(data):
    X, y = data
    expected = lasso_path(X, y, alphas=[1.0, 0.5, 0.1])
    for alphas in ([0.5, 0.1, 1], (1, 0.5, 0.1, 0.5), np.array([0.1, 0.5, 1.0])):
        found = lasso_path(X, y, alphas=alphas)
        assert_array_equal(found.alphas, [1.0, 0.5, 0.1])
        assert_allclose(found.coefs, expected.coefs)
    assert len(lasso_path(X, y, alphas=7).alphas) == 7
    assert len(lasso_path(X, y, alphas=np.int64(7)).alphas) == 7
    assert_array_equal(enet_path(X, y, l1_ratio=0, alphas=[2, 1]).alphas, [2, 1])


def test_max_nonzero_stops_early(data):
    X, y = data
    full = lasso_path(X, y)
    path = lasso_path(X, y, max_nonzero=3)
    assert len(path.alphas) < len(full.alphas)
    assert (path.n_nonzero <= 3).all()
    k = len(path.alphas)
    assert_allclose(path.coefs, full.coefs[:, :k], rtol=1e-3, atol=1e-3)
    assert path.intercepts.shape == path.n_iters.shape == (k,)


def test_predict_everywhere(data, path):
    X, _ = data
    expected = X @ path.coefs + path.intercepts
    assert_allclose(path.predict(X), expected)
    assert_allclose(path.predict(sp.csr_array(X)), expected)
    assert_allclose(path.predict(sp.csc_matrix(X)), expected)
    assert_allclose(path.predict(X, path.alphas[4]), expected[:, 4])
    assert_allclose(path.predict(X, path.alphas[[4, 2]]), expected[:, [4, 2]])
    assert path.predict(X[:1]).shape == (1, 30)
    assert path.predict(X.astype(np.float32)).dtype == np.float64


def test_predict_with_few_columns_in_use(data):
    X, y = data
    path = lasso_path(X, y, max_nonzero=2)
    expected = X @ path.coefs + path.intercepts
    for form in (np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array):
        assert_allclose(path.predict(form(X)), expected)


def test_interpolation(data, path):
    X, y = data
    a = path.alphas
    middle = (a[9] + a[10]) / 2
    assert_allclose(path.coef_at(middle), path.coefs[:, 9:11].mean(axis=1))
    assert_allclose(path.intercept_at(middle), path.intercepts[9:11].mean())
    for k in (0, 17, 29):
        assert_array_equal(path.coef_at(a[k]), path.coefs[:, k])
        assert path.intercept_at(a[k]) == path.intercepts[k]
    assert path.coef_at([a[3], middle]).shape == (12, 2)
    assert path.intercept_at([a[3], middle]).shape == (2,)
    assert type(path.intercept_at(middle)) is np.float64
    # Exact while the support does not change: the Lasso's path is piecewise linear.
    short = lasso_path(X, y, alphas=[0.02, 0.01])
    assert short.n_nonzero[0] == short.n_nonzero[1] == 12
    model = LassoRegressor(0.013, tol=1e-14).fit(X, y)
    assert_allclose(short.coef_at(0.013), model.coef_, rtol=1e-5)
    assert_allclose(short.intercept_at(0.013), model.intercept_, rtol=1e-6)


def test_ends_of_the_path_forgive_rounding(path):
    a = path.alphas
    assert_array_equal(path.coef_at(a[0] * (1 + 1e-15)), path.coefs[:, 0])
    assert_array_equal(path.coef_at(a[-1] * (1 - 1e-15)), path.coefs[:, -1])


def test_single_alpha(data):
    path = lasso_path(*data, alphas=[0.3])
    assert_array_equal(path.coef_at(0.3), path.coefs[:, 0])
    with pytest.raises(ValueError, match=r"from 0\.3 down to 0\.3"):
        path.coef_at(0.2)


def test_constant_target(data):
    X, _ = data
    path = lasso_path(X, np.full(40, 3.0), n_alphas=5)
    assert_allclose(path.coefs, 0, atol=1e-12)
    assert_allclose(path.intercepts, 3.0)


def test_column_target(data, path):
    X, y = data
    assert_allclose(lasso_path(X, y[:, None], n_alphas=30).coefs, path.coefs)


@pytest.mark.parametrize(("n", "p"), [(300, 20), (600, 40), (2000, 60)])
def test_most_alphas_take_one_system(n, p):
    """What enters is foreseen: 118 to 141 systems without it, nearly all columns in."""
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, p))
    X[:, 1:] += 0.5 * X[:, :-1]
    y = X[:, : p // 2] @ rng.normal(size=p // 2) + rng.normal(size=n)
    path = lasso_path(X, y, n_alphas=100)
    assert path.solver == "active_set"
    assert path.n_nonzero[-1] > 0.8 * p
    assert path.n_iters.sum() <= 1.1 * len(path.alphas)
