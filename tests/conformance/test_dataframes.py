"""pandas and polars frames in, feature names kept and compared."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from regkit import (
    DropoutMLPRegressor,
    ElasticNetRegressor,
    LassoRegressor,
    LinearSVMClassifier,
    LogisticClassifier,
    RidgeRegressor,
    lasso_path,
)

NAMES = ["age", "size", "rooms"]
ESTIMATORS = [LassoRegressor(0.1), ElasticNetRegressor(0.1), RidgeRegressor(0.1)]
LIBRARIES = ["pandas", "polars"]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    return X, X @ [1.0, -2.0, 0.5] + rng.normal(size=30)


def frame(kind, X, names=NAMES):
    library = pytest.importorskip(kind)
    return library.DataFrame({name: X[:, j] for j, name in enumerate(names)})


@pytest.mark.parametrize("kind", LIBRARIES)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_frames_equal_arrays_and_keep_names(estimator, kind, data):
    X, y = data
    expected = estimator.fit(X, y).coef_
    estimator.fit(frame(kind, X), y)
    assert_allclose(estimator.coef_, expected, rtol=1e-12)
    assert_array_equal(estimator.feature_names_in_, NAMES)
    assert_allclose(
        estimator.predict(frame(kind, X)), X @ expected + estimator.intercept_
    )


@pytest.mark.parametrize("kind", LIBRARIES)
def test_other_names_are_refused(kind, data):
    X, y = data
    model = LassoRegressor(0.1).fit(frame(kind, X), y)
    path = lasso_path(frame(kind, X), y, n_alphas=3)
    for fitted in (model, path):
        with pytest.raises(ValueError, match="Feature names unseen at fit time"):
            fitted.predict(frame(kind, X, ["age", "size", "garden"]))
        with pytest.raises(ValueError, match="same order"):
            fitted.predict(frame(kind, X, NAMES[::-1]))


def test_names_on_one_side_only_warn(data):
    X, y = data
    model = LassoRegressor(0.1).fit(frame("pandas", X), y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        model.predict(frame("pandas", X))


@pytest.mark.parametrize("kind", LIBRARIES)
def test_series_as_target_and_weights(kind, data):
    X, y = data
    weight = np.linspace(0.5, 2, len(y))
    expected = LassoRegressor(0.1).fit(X, y, weight)
    series = pytest.importorskip(kind).Series
    model = LassoRegressor(0.1).fit(X, series(y), series(weight))
    assert_allclose(model.coef_, expected.coef_)


def test_mixed_and_nullable_dtypes(data):
    X, y = data
    X = np.round(X * 10)
    table = pd.DataFrame(
        {
            "age": X[:, 0].astype(int),
            "size": pd.array(X[:, 1].astype(int), dtype="Int64"),
            "rooms": X[:, 2].astype(np.float32),
        }
    )
    expected = RidgeRegressor(1.0).fit(X, y)
    model = RidgeRegressor(1.0).fit(table, y)
    assert_allclose(model.coef_, expected.coef_)
    assert_array_equal(model.feature_names_in_, NAMES)


def test_sparse_frame_stays_sparse(data):
    X, y = data
    X = np.where(X > 0.5, X, 0.0)
    table = pd.DataFrame(X, columns=NAMES).astype(pd.SparseDtype("float64", 0.0))
    model = LassoRegressor(0.1).fit(table, y)
    assert_allclose(model.coef_, LassoRegressor(0.1).fit(X, y).coef_, atol=1e-8)


@pytest.mark.parametrize("kind", ["Table", "RecordBatch"])
def test_arrow_tables(kind, data):
    try:
        import pyarrow as arrow
    except ImportError as error:  # also one that wants a newer NumPy
        pytest.skip(str(error))
    X, y = data
    expected = LassoRegressor(0.1).fit(X, y)
    table = getattr(arrow, kind).from_pandas(frame("pandas", X))
    model = LassoRegressor(0.1).fit(table, y)
    assert_allclose(model.coef_, expected.coef_)
    assert_allclose(model.predict(table), expected.predict(X))
    network = DropoutMLPRegressor((4,), n_members=2, max_iter=2, random_state=0)
    learned = network.fit(X, y).predict(X)
    assert_allclose(network.fit(table, y).predict(table), learned, rtol=1e-5)


def test_a_missing_value_among_objects_is_named(data):
    X, y = data
    missing = pd.Series(y).astype(object)
    missing[3] = pd.NA
    with pytest.raises(ValueError, match="y contains NaN: row 3"):
        LassoRegressor().fit(X, missing)


@pytest.mark.parametrize("dtype", ["float64", "Int64", "object"])
def test_a_gap_in_a_frame_is_named(data, dtype):
    X, y = data
    frame = pd.DataFrame(np.round(9 * X), columns=["a", "fee {x}", "c"]).astype(dtype)
    frame.loc[4, "fee {x}"] = None
    sentence = r"contains NaN: column 'fee \{x\}' in row 4"
    with pytest.raises(ValueError, match=sentence):
        LassoRegressor().fit(frame, y)
    model = LassoRegressor().fit(frame.dropna(), y[frame.notna().all(axis=1)])
    with pytest.raises(ValueError, match=sentence):
        model.predict(frame)
    frame = frame.astype(float).fillna(0)
    frame.loc[2, "c"] = np.inf
    with pytest.raises(ValueError, match=r"infinity .* column 'c' in row 2"):
        LassoRegressor().fit(frame, y)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_coefficients_set_by_hand_predict(estimator, data):
    X, _ = data
    model = clone(estimator)
    for coef in (
        np.array([1.0, 2.0, 3.0]),
        [1, 2, 3],
        np.array([1, 2, 3], dtype=">f4"),
    ):
        model.coef_, model.intercept_ = coef, 0.5
        assert_allclose(model.predict(X), X @ [1.0, 2.0, 3.0] + 0.5)


@pytest.mark.parametrize("kind", [LogisticClassifier, LinearSVMClassifier])
def test_coefficients_of_classes_set_by_hand(kind, data):
    X, y = data
    model = kind(0.1).fit(X, y > np.median(y))
    for coef in ([[1, 2, 3]], np.array([[1, 2, 3]], dtype=">f4")):
        model.coef_, model.intercept_ = coef, [0.5]
        assert_allclose(model.decision_function(X), X @ [1.0, 2.0, 3.0] + 0.5)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_several_columns_of_one_name(estimator, data):
    X, _ = data
    model = estimator.fit(*data)
    with pytest.raises(ValueError, match=r"^X has more than one column named 'a'\.$"):
        model.predict(pd.DataFrame(X, columns=["a", "b", "a"]))
