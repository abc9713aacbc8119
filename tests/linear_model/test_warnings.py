"""What is said when an answer is not converged or not unique."""

import linecache
import re
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import regkit
from regkit.linear_model import _source_reducer

da = pytest.importorskip("dask.array")


@pytest.fixture
def correlated():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 30)) @ np.diag(0.5 ** np.arange(30)) + rng.normal(
        size=(40, 1)
    )
    return X, X.sum(axis=1) + rng.normal(size=40)


def test_convergence_warning_of_estimators(correlated):
    X, y = correlated
    model = regkit.LassoRegressor(1e-4, solver="coordinate_descent", max_iter=1)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, y)
    message = str(caught[0].message)
    pattern = (
        r"LassoRegressor did not converge: the duality gap is \S+, but tol=1e-08 asks "
        r"for \S+, that is tol times \S+, the objective of the model without features. "
        r"Increase max_iter \(now 1\), or increase tol to accept this answer."
    )
    assert re.fullmatch(pattern, message), message
    assert caught[0].filename == __file__
    assert f"{model.dual_gap_:.3g}" in message
    half_variance = y.var() / 2
    assert f"tol times {half_variance:.3g}" in message
    with pytest.warns(ConvergenceWarning, match="for 2 of 2 targets"):
        model.fit(X, np.c_[y, 2 * y])


def test_convergence_warning_of_paths(correlated):
    X, y = correlated
    with pytest.warns(
        ConvergenceWarning, match=r"lasso_path did not converge for \d+ of 5 alphas"
    ) as caught:
        regkit.lasso_path(X, y, n_alphas=5, max_iter=1, solver="coordinate_descent")
    assert caught[0].filename == __file__


def test_a_warning_made_an_error_keeps_the_old_fit(correlated):
    X, y = correlated
    model = regkit.LassoRegressor(1.0).fit(X, y)
    before = dict(vars(model))
    model.set_params(alpha=1e-4, solver="coordinate_descent", max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(X, y)
    assert model.coef_ is before["coef_"]


@pytest.mark.parametrize(
    "model",
    [regkit.LassoRegressor(0), regkit.ElasticNetRegressor(0), regkit.RidgeRegressor(0)],
    ids=lambda e: type(e).__name__,
)
def test_least_squares_that_is_not_unique_warns(model):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5, 8))
    y = rng.normal(size=5)
    with pytest.warns(
        UserWarning,
        match="not unique: alpha=0 leaves the columns unpenalized.*is returned",
    ) as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__
    np.testing.assert_allclose(model.predict(X), y, atol=1e-6)


def test_the_shortest_least_squares_is_returned():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 8)), rng.normal(size=5)
    expected = np.linalg.pinv(X - X.mean(axis=0)) @ (y - y.mean())
    for model in (regkit.LassoRegressor(0), regkit.RidgeRegressor(0)):
        with pytest.warns(UserWarning, match="the one of smallest Euclidean norm is"):
            model.fit(X, y)
        np.testing.assert_allclose(model.coef_, expected, atol=1e-9)
    with pytest.warns(UserWarning, match="norm, of the standardized coefficients, is"):
        regkit.LassoRegressor(0, standardize=True).fit(X, y)


def test_convergence_warning_of_ridge(correlated):
    X, y = correlated
    model = regkit.RidgeRegressor(1e-6, solver="conjugate_gradient", max_iter=1)
    with pytest.warns(ConvergenceWarning, match="RidgeRegressor did not converge: the"):
        model.fit(X, y)


def test_unpenalized_duplicates_warn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    X[:, 1] = X[:, 0]
    y = X[:, 0] + rng.normal(size=20)
    with pytest.warns(UserWarning, match="penalty_factor=0 leaves columns"):
        regkit.LassoRegressor(0.1, penalty_factor=[0, 0, 1]).fit(X, y)


def test_unique_least_squares_is_silent():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    for model in (
        regkit.LassoRegressor(0),
        regkit.ElasticNetRegressor(0),
        regkit.RidgeRegressor(0),
    ):
        model.fit(X, X[:, 0] + rng.normal(size=20))
    regkit.lasso_path(X, X[:, 0] + rng.normal(size=20), alphas=[1, 0])


def ways_to_fit(model, X, y):
    """All ways by which rows reach a fit, each called from a line of this file."""
    yield lambda: model.fit(X, y)
    yield lambda: model.fit(regkit.RowChunks(X, chunk_rows=7), y)
    yield lambda: model.fit(regkit.RowChunks(lambda: iter([(X, y)])), None)
    yield lambda: model.fit(da.from_array(X, chunks=(9, X.shape[1])), y)
    folds = regkit.SufficientStatistics().update(X, y, fold=np.arange(len(y)) % 4)
    if not isinstance(model, regkit.RidgeRegressorCV) or model.cv is not None:
        yield lambda: model.fit_statistics(folds)
    if hasattr(model, "partial_fit"):
        yield lambda: model.partial_fit(X, y)


@pytest.mark.parametrize(
    "model",
    [
        regkit.LassoRegressor(1e-4, solver="coordinate_descent", max_iter=1),
        regkit.ElasticNetRegressor(1e-4, solver="coordinate_descent", max_iter=1),
        regkit.RidgeRegressor(1e-6, solver="conjugate_gradient", max_iter=1),
        regkit.RidgeRegressor(0.0),
        regkit.LassoRegressor(0.1, penalty_factor=np.zeros(31)),
        regkit.LassoRegressorCV(alphas=[1e-4, 1e-5]),
        regkit.LassoRegressorCV(
            alphas=3, cv=4, solver="coordinate_descent", max_iter=1, tol=1e-15
        ),
        regkit.ElasticNetRegressorCV(alphas=[1.0, 0.5], criterion="aic"),
        regkit.RidgeRegressorCV(alphas=[1e6, 1e5]),
        regkit.RidgeRegressorCV(alphas=[1.0, 1e-1], cv=4, max_iter=1, positive=True),
    ],
    ids=repr,
)
def test_every_warning_points_at_the_callers_line(model, correlated):
    X, y = correlated
    X = np.c_[X, X[:, 0]]
    for fit in ways_to_fit(clone(model), X, y):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit()
        assert caught
        for warning in caught:
            assert warning.filename == __file__
            line = linecache.getline(__file__, warning.lineno)
            assert re.search(r"model\.\w*fit\w*\(", line)


def test_paths_over_many_columns_point_there_too(correlated, monkeypatch):
    monkeypatch.setattr(_source_reducer, "MOST_SUMMED_UP", 10)
    how = {"solver": "coordinate_descent", "max_iter": 1, "tol": 1e-15}
    for model in (
        regkit.LassoRegressor(1e-3, **how),
        regkit.LassoRegressorCV(alphas=3, **how),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(regkit.RowChunks(correlated[0]), correlated[1])
        assert {warning.filename for warning in caught} == {__file__}


def test_searches_and_pipelines_point_there_too(correlated):
    slow = regkit.LassoRegressor(solver="coordinate_descent", max_iter=1)
    for model in (
        make_pipeline(StandardScaler(), slow.set_params(alpha=1e-4)),
        GridSearchCV(slow, {"alpha": [1e-4]}),
        regkit.PathSearchCV(slow, {"alpha": [1e-4, 1e-5]}),
    ):
        with pytest.warns(ConvergenceWarning) as caught:
            model.fit(*correlated)
        assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("n_features", [6, 80])
@pytest.mark.parametrize("limits", [{"positive": True}, {"bounds": (-0.1, 0.1)}])
@pytest.mark.parametrize(
    "model",
    [
        regkit.LassoRegressor(0.1),
        regkit.LassoRegressor(0.1, solver="active_set"),
        regkit.LogisticClassifier(),
        regkit.LogisticClassifierCV(alphas=3, cv=3),
        regkit.LinearSVMClassifier(),
        regkit.GeneralizedLinearRegressor(),
    ],
)
def test_columns_at_a_bound_are_not_dependent(model, limits, n_features):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, n_features))
    y = X[:, :4] @ [1.0, -1.0, 1.0, -1.0] + rng.logistic(size=60) > 0.0
    factor = np.where(np.arange(n_features) < 4, 0.0, 1.0)
    model = clone(model).set_params(penalty_factor=factor, **limits)
    model.fit(X, y)
    at_bound = 0.0 if "positive" in limits else -0.1
    assert np.ravel(model.coef_)[1] == at_bound
    if model.positive and isinstance(model, regkit.LinearSVMClassifier):
        X[:, 2] = 2.0 * X[:, 0]
        with pytest.warns(UserWarning, match="not unique: penalty_factor=0"):
            model.fit(X, y)
