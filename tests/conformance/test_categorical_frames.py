"""What scikit-learn's checks ask of estimators, asked with frames as they come.

Categories, strings, booleans, nullable types, missing values: of pandas and of polars.
"""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from regkit import DropoutMLPClassifier, DropoutMLPRegressor

FEW = {"n_members": 2, "max_iter": 3, "hidden_layer_sizes": 8, "random_state": 0}
ESTIMATORS = [DropoutMLPRegressor(**FEW), DropoutMLPClassifier(**FEW)]
N = 60


def columns():
    rng = np.random.default_rng(0)
    size = rng.normal(size=N)
    city = rng.choice([*"abcdefghijkl"], N).astype(object)
    owned = (rng.random(N) < 0.5).astype(object)
    rooms = rng.integers(1, 9, N).astype(object)
    for j, column in enumerate((city, owned, rooms)):
        column[j::9] = None
    return {
        "size": np.where(rng.random(N) < 0.1, np.nan, size),
        "city": city,
        "heating": rng.choice(["gas", "oil"], N).astype(object),
        "new": rng.random(N) < 0.5,
        "owned": owned,
        "rooms": rooms,
    }


def pandas_frame(**changes):
    types = {
        "city": "category",
        "heating": "string",
        "owned": "boolean",
        "rooms": "Int64",
    }
    return pd.DataFrame(columns()).astype(types).assign(**changes)


def polars_frame(**changes):
    pl = pytest.importorskip("polars", reason="frames are optional")
    types = {
        "size": pl.Float64,
        "city": pl.Categorical,
        "heating": pl.String,
        "new": pl.Boolean,
        "owned": pl.Boolean,
        "rooms": pl.Int64,
    }
    lists = {name: values.tolist() for name, values in columns().items()}
    changed = [pl.Series(name, values.tolist()) for name, values in changes.items()]
    return pl.DataFrame(lists, schema=types).with_columns(changed)


FRAMES = [pandas_frame, polars_frame]
each_estimator = pytest.mark.parametrize(
    "estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__
)
each_frame = pytest.mark.parametrize("make", FRAMES, ids=lambda make: make.__name__)


def target(estimator):
    y = np.nan_to_num(columns()["size"]) + (columns()["heating"] == "gas")
    if isinstance(estimator, DropoutMLPRegressor):
        return y
    return np.where(y > 0.5, "dear", "cheap")


def rows(X, which):
    return X.iloc[which] if hasattr(X, "iloc") else X[which.tolist()]


def answers(model, X):
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


@each_frame
@each_estimator
def test_checks_of_fitted_estimators(estimator, make):
    X, y = make(), target(estimator)
    before = pickle.dumps(X)
    model = clone(estimator).fit(X, y)
    attributes = list(vars(model))
    expected = answers(model, X)
    assert np.isfinite(expected).all()
    assert_array_equal(model.feature_names_in_, list(columns()))
    assert model.n_features_in_ == len(columns())
    assert list(vars(model)) == attributes
    assert X.equals(pickle.loads(before))
    assert_array_equal(answers(pickle.loads(pickle.dumps(model)), X), expected)
    assert_array_equal(answers(clone(model).fit(X, y), X), expected)
    assert_array_equal(answers(model.fit(X, y), X), expected)
    some = np.random.default_rng(1).permutation(N)[:20]
    assert_allclose(answers(model, rows(X, some)), expected[some], rtol=1e-5, atol=1e-6)


@each_frame
@each_estimator
def test_searches_and_pipelines(estimator, make):
    X, y = make(), target(estimator)
    alone = clone(estimator).set_params(alpha=0.1).fit(X, y)
    piped = make_pipeline(FunctionTransformer(), clone(alone)).fit(X, y)
    assert_array_equal(answers(piped, X), answers(alone, X))
    search = GridSearchCV(piped, {f"{piped.steps[1][0]}__alpha": [0.1]}, cv=2)
    search.fit(X, y)
    assert_array_equal(search.predict(X), alone.predict(X))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert_array_equal(search.feature_names_in_, alone.feature_names_in_)


@each_frame
@each_estimator
def test_partial_fits(estimator, make):
    X, y = make(), target(estimator)
    classes = {"classes": np.unique(y)} if y.dtype.kind == "U" else {}
    model = clone(estimator).set_params(n_members=1)
    first = answers(model.partial_fit(X, y, **classes), X)
    few = np.arange(20)
    again = answers(model.partial_fit(rows(X, few), y[few]), X)
    assert np.isfinite(again).all()
    assert not np.array_equal(again, first)


@each_frame
@each_estimator
def test_other_frames_are_refused_and_leave_the_estimator(estimator, make):
    X, y = make(), target(estimator)
    model = clone(estimator).fit(X, y)
    expected = answers(model, X)
    order = list(columns())[::-1]
    for other, reason in (
        (X[order], "in the same order"),
        (X[order[1:]], "seen at fit time, yet now missing:\n- rooms"),
        (make(size=np.full(N, "large")), "must hold numbers in column 'size'"),
        (make(size=np.full(N, np.inf)), "infinity"),
    ):
        with pytest.raises(ValueError, match=reason):
            model.predict(other)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(make(size=np.full(N, np.inf)), y)
    assert_array_equal(answers(model, X), expected)
