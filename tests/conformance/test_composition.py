"""The estimators inside scikit-learn's own machinery."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import ElasticNetRegressor, LassoRegressor, RidgeRegressor

ESTIMATORS = [LassoRegressor(0.1), ElasticNetRegressor(0.1), RidgeRegressor(0.1)]

each_estimator = pytest.mark.parametrize(
    "estimator", ESTIMATORS, ids=lambda e: type(e).__name__
)


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 5))
    return X, X @ [3.0, 0.0, -1.0, 0.0, 0.2] + 0.1 * rng.normal(size=60)


@each_estimator
def test_pickle_and_clone(estimator, data):
    X, y = data
    estimator = clone(estimator).fit(X, y)
    again = pickle.loads(pickle.dumps(estimator))
    assert_array_equal(again.predict(X), estimator.predict(X))
    copied = clone(estimator)
    assert not hasattr(copied, "coef_")
    assert not hasattr(copied, "sparse_coef_")
    assert copied.get_params() == estimator.get_params()


@each_estimator
def test_clone_with_array_parameters(estimator, data):
    X, y = data
    model = clone(estimator).set_params(
        bounds=(np.full(5, -1.0), 4.0), penalty_factor=np.array([0, 1, 1, 2, np.inf])
    )
    copied = clone(model)
    assert_allclose(copied.fit(X, y).coef_, model.fit(X, y).coef_)
    assert "penalty_factor=array" in repr(model)
    assert_array_equal(pickle.loads(pickle.dumps(model)).coef_, model.coef_)


@each_estimator
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search(estimator, n_jobs, data):
    X, y = data
    grid = {"alpha": [1e-3, 1e-2, 10.0]}
    search = GridSearchCV(clone(estimator), grid, cv=3, n_jobs=n_jobs).fit(X, y)
    assert search.best_params_["alpha"] <= 1e-2
    assert search.best_score_ > 0.99


def test_grid_search_by_threads(data):
    X, y = data
    search = GridSearchCV(LassoRegressor(), {"alpha": np.logspace(-3, 0, 8)}, n_jobs=2)
    serial = clone(search).set_params(n_jobs=None).fit(X, y)
    import joblib

    with joblib.parallel_backend("threading", n_jobs=2):
        search.fit(X, y)
    assert_allclose(
        search.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"]
    )


@each_estimator
def test_pipeline_and_transformed_target(estimator, data):
    X, y = data
    pipeline = make_pipeline(StandardScaler(), clone(estimator)).fit(X, y)
    assert pipeline.score(X, y) > 0.9
    model = TransformedTargetRegressor(clone(estimator), transformer=StandardScaler())
    assert model.fit(X, y).predict(X).shape == (60,)
    assert model.fit(X, np.c_[y, -y]).predict(X).shape == (60, 2)


@each_estimator
def test_multi_output_wrapper_equals_two_dimensional_y(estimator, data):
    X, y = data
    Y = np.c_[y, y[::-1]]
    wrapped = MultiOutputRegressor(clone(estimator)).fit(X, Y)
    assert_allclose(wrapped.predict(X), clone(estimator).fit(X, Y).predict(X))


def test_scoring_and_importance(data):
    X, y = data
    assert cross_val_score(LassoRegressor(0.01), X, y).min() > 0.99
    found = permutation_importance(
        LassoRegressor(0.01).fit(X, y), X, y, random_state=0
    ).importances_mean
    assert found.argmax() == 0


def test_metadata_routing_of_weights(data):
    X, y = data
    weight = np.linspace(0.1, 3, len(y))
    with config_context(enable_metadata_routing=True):
        model = LassoRegressor(0.1).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(model).fit(X, y, sample_weight=weight)
    expected = LassoRegressor(0.1).fit(X, y, weight)
    assert_allclose(pipeline[-1].coef_, expected.coef_)


@each_estimator
def test_displays(estimator, data):
    X, y = data
    fitted = clone(estimator).fit(X, y)
    assert type(estimator).__name__ in repr(fitted)
    assert type(estimator).__name__ in fitted._repr_html_()


def test_validation_can_be_switched_off(data):
    X, y = data
    with config_context(skip_parameter_validation=True):
        LassoRegressor(alpha=0.1, fit_intercept=1).fit(X, y)
    with pytest.raises(ValueError, match="'fit_intercept' parameter"):
        LassoRegressor(alpha=0.1, fit_intercept=1).fit(X, y)
    holed = X.copy()
    holed[0, 0] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        LassoRegressor(alpha=0.1).fit(holed, y)
    with (
        config_context(assume_finite=True),
        pytest.raises(ValueError, match="cannot solve this problem in float64"),
    ):
        # No pass looks for NaN: the solver finds that it has no answer.
        LassoRegressor(alpha=0.1).fit(holed, y)
