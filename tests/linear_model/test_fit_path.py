"""`fit_path` gives what one fit for each value gives."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from regkit import ElasticNetRegressor, LassoRegressor, RidgeRegressor
from regkit.linear_model import ridge
from regkit.model_selection import PathEstimator

# Tight enough for coordinate descent to agree with the direct solvers.
MODELS = [
    LassoRegressor(tol=1e-13),
    LassoRegressor(tol=1e-13, solver="coordinate_descent", max_iter=100_000),
    ElasticNetRegressor(tol=1e-13, l1_ratio=0.3),
    ElasticNetRegressor(tol=1e-13, l1_ratio=0.0),
    RidgeRegressor(),
    RidgeRegressor(solver="active_set"),
    RidgeRegressor(solver="cholesky"),
]


def assert_same_models(found, expected):
    assert set(vars(found)) == set(vars(expected))
    assert repr(found) == repr(expected)
    for name in ("coef_", "intercept_"):
        a, b = getattr(found, name), getattr(expected, name)
        assert type(a) is type(b)
        assert np.shape(a) == np.shape(b)
        assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    for name in ("n_iter_", "dual_gap_", "solver_", "n_features_in_"):
        assert type(getattr(found, name)) is type(getattr(expected, name))
        assert np.shape(getattr(found, name)) == np.shape(getattr(expected, name))


@given(
    model=st.sampled_from(MODELS),
    values=st.lists(st.sampled_from([0, 1e-3, 0.1, 0.5, 0.5, 7.0]), max_size=14),
    shape=st.sampled_from([(30, 4), (8, 15)]),
    n_targets=st.sampled_from([None, 1, 3]),
    form=st.sampled_from([np.asarray, sp.csr_array, sp.csc_matrix]),
    weighted=st.booleans(),
    options=st.fixed_dictionaries(
        {},
        optional={
            "fit_intercept": st.just(False),
            "standardize": st.just(True),
            "bounds": st.just((-0.5, 2.0)),
            "penalty_factor": st.just(True),
        },
    ),
)
def test_equals_one_fit_for_each_value(
    model, values, shape, n_targets, form, weighted, options
):
    rng = np.random.default_rng(shape[0])
    X = rng.normal(size=shape) * (rng.random(size=shape) < 0.6)
    y = rng.normal(size=shape[0] if n_targets is None else (shape[0], n_targets))
    weight = rng.integers(0, 3, shape[0]) if weighted else None
    if options.get("penalty_factor"):
        options["penalty_factor"] = rng.choice([0.5, 1.0, 2.0, np.inf], shape[1])
    if shape[0] < shape[1]:
        values = [value for value in values if value > 0]  # the answer must be unique
    model = clone(model).set_params(**options)
    if model.solver == "cholesky":
        model.set_params(bounds=None)
    before = repr(model)
    models = list(model.fit_path(form(X), y, values, sample_weight=weight))
    assert len(models) == len(values)
    for found, value in zip(models, values, strict=True):
        expected = clone(model).set_params(alpha=value)
        expected.fit(form(X), y, sample_weight=weight)
        assert_same_models(found, expected)
    assert repr(model) == before
    assert not hasattr(model, "coef_")


def test_blocks_of_many_alphas(monkeypatch):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(50, 6)), rng.normal(size=(50, 2))
    alphas = np.geomspace(1e-2, 1e3, 40)
    whole = list(RidgeRegressor().fit_path(X, Y, alphas))
    monkeypatch.setattr(ridge, "_BLOCK", 700)
    for found, expected in zip(
        RidgeRegressor().fit_path(X, Y, alphas), whole, strict=True
    ):
        assert_same_models(found, expected)


def test_an_alpha_for_each_target():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(50, 6)), rng.normal(size=(50, 2))
    values = [np.array([1.0, 20.0]), 3.0, [0.0, 5.0]]
    for found, value in zip(
        RidgeRegressor().fit_path(X, Y, values), values, strict=True
    ):
        assert_same_models(found, RidgeRegressor(value).fit(X, Y))


def test_names_of_columns():
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 3.0]})
    (model,) = LassoRegressor().fit_path(frame, [0.0, 1.0, 2.0], [0.1])
    assert_array_equal(model.feature_names_in_, ["a", "b"])
    assert model.predict(frame).shape == (3,)


def test_models_do_not_share_their_coefficients():
    X, y = np.eye(4), np.arange(4.0)
    for model in (LassoRegressor(), RidgeRegressor()):
        first, second = model.fit_path(X, y, [0.1, 0.1])
        first.coef_[:] = 0.0
        assert second.coef_.any()


@pytest.mark.parametrize("refused", [-1.0, "strong", None, np.nan])
def test_values_before_one_that_is_refused_are_fitted(refused):
    X, y = np.eye(4), np.arange(4.0)
    models = LassoRegressor().fit_path(X, y, [1.0, 0.1, refused, 2.0])
    assert [next(models).alpha, next(models).alpha] == [1.0, 0.1]
    with pytest.raises(ValueError, match="'alpha' parameter of LassoRegressor must"):
        next(models)


def test_errors_come_at_once():
    X, y = np.eye(4), np.arange(4.0)
    with pytest.raises(ValueError, match="'alpha' parameter"):
        LassoRegressor().fit_path(X, y, [-1.0])
    with pytest.raises(ValueError, match="'tol' parameter"):
        LassoRegressor(tol=-1).fit_path(X, y, [1.0])
    with pytest.raises(ValueError, match="X has 4, y has 3"):
        LassoRegressor().fit_path(X, y[1:], [1.0])
    with pytest.raises(ValueError, match="one entry per target"):
        RidgeRegressor().fit_path(X, y, [[1.0, 2.0]])
    with pytest.raises(ValueError, match="does not support positive"):
        RidgeRegressor(solver="svd", positive=True).fit_path(X, y, [1.0])
    assert list(LassoRegressor().fit_path(X, y, [])) == []


def test_one_warning_for_a_path_that_stops_short():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 1)) + 0.1 * rng.normal(size=(30, 10))
    model = LassoRegressor(solver="coordinate_descent", max_iter=1, tol=1e-14)
    with pytest.warns(ConvergenceWarning, match=r"for \d of 3 alphas") as caught:
        model.fit_path(X, rng.normal(size=30), [1e-3, 1e-4, 1e-5])
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_a_warning_when_coefficients_are_not_unique():
    X = np.c_[np.arange(5.0), np.arange(5.0)]
    with pytest.warns(UserWarning, match="not unique: alpha=0") as caught:
        LassoRegressor().fit_path(X, np.arange(5.0), [1.0, 0.0])
    assert caught[0].filename == __file__


@pytest.mark.parametrize("model", MODELS[:5:2], ids=lambda m: type(m).__name__)
def test_too_large_numbers(model):
    X, y = np.eye(3), np.array([1e200, 0.0, 1.0])
    with pytest.raises(ValueError, match="overflow"):
        model.fit_path(X, y, [1.0])
    with pytest.raises(ValueError, match="overflow"):
        clone(model).fit(X, y)


@pytest.mark.parametrize("model", MODELS[:5:2], ids=lambda m: type(m).__name__)
def test_the_protocol(model):
    assert isinstance(model, PathEstimator)
