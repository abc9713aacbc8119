"""Hostile data and parameters: a clear error or a finite model, never silent NaN."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from regkit import DropoutMLPClassifier, DropoutMLPRegressor

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] + 0.1 * RNG.normal(size=60)


def assert_finite(model, rows):
    for array in [*model.coefs_, *model.intercepts_]:
        assert np.isfinite(array).all()
    assert np.isfinite(model.predict(rows)).all()


@pytest.mark.parametrize("standardize", [True, "robust", False])
@pytest.mark.parametrize("embedding", [None, "periodic"])
@pytest.mark.parametrize(
    "columns",
    [
        np.c_[X, np.zeros(60)],
        np.c_[X, np.full(60, 1e6)],
        np.zeros((60, 2)),
        X.astype(int),
    ],
    ids=["zeros", "constant", "nothing", "integers"],
)
def test_constant_columns(columns, embedding, standardize):
    model = DropoutMLPRegressor(
        **SMALL, standardize=standardize, embedding=embedding, learning_rate_init=0.01
    )
    assert_finite(model.fit(columns, Y), columns)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e150, 1e300])
def test_huge_and_tiny_columns_and_targets(scale):
    columns = X * [scale, 1.0, 1.0]
    model = DropoutMLPRegressor(**SMALL).fit(columns, Y * scale)
    assert r2_score(Y, model.predict(columns) / scale) > 0.5
    lower, upper = model.predict_interval(columns)
    assert 0.5 < np.mean((lower <= Y * scale) & (Y * scale <= upper)) <= 1.0
    assert np.isfinite(model.predict(np.full((1, 3), 1e300))).all()


@pytest.mark.parametrize("value", [0.0, 3.0, -1e20])
def test_constant_targets(value):
    model = DropoutMLPRegressor(**SMALL).fit(X, np.full(60, value))
    error = np.abs(model.predict(X) - value).max()
    assert error <= max(0.2, 1e-6 * abs(value))


def test_one_row():
    model = DropoutMLPRegressor(**SMALL, early_stopping=False).fit(X[:1], Y[:1])
    assert np.isfinite(model.predict(X)).all()
    with pytest.raises(ValueError, match="validation_fraction needs at least 2 rows"):
        DropoutMLPRegressor(**SMALL).fit(X[:1], Y[:1])


def test_one_class():
    with pytest.raises(ValueError, match="at least two classes, y has only one class"):
        DropoutMLPClassifier(**SMALL).fit(X, np.ones(60))


DIVERGING = {
    **SMALL,
    "solver": "sgd",
    "layer_rates": "equal",
    "activation": "identity",
    "early_stopping": False,
    "learning_rate": "constant",
    "max_iter": 200,
    "embedding": None,
}


def test_divergence_keeps_the_last_finite_weights():
    model = DropoutMLPRegressor(**DIVERGING, learning_rate_init=2.0)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch"):
        model.fit(X, Y)
    assert_finite(model, X)
    assert np.isfinite(model.loss_curve_).all()


def test_a_loss_that_is_never_finite_is_an_error():
    model = DropoutMLPRegressor(**SMALL).fit(X, Y)
    before = model.predict(X)
    model.set_params(**DIVERGING).set_params(learning_rate_init=1e60)
    with pytest.raises(ValueError, match="not finite in the first epoch"):
        model.fit(X, Y)
    assert_array_equal(model.predict(X), before)


BAD = {
    "dropout of one": ({"dropout": 1.0}, "dropout"),
    "one rate too many": (
        {"dropout": [0.1, 0.2]},
        "dropout must be one value or one a hidden layer: there are 1 hidden layers, "
        "dropout has 2 entries.",
    ),
    "rate out of range": (
        {"dropout": [1.5]},
        r"dropout must hold numbers in \[0, 1\), got 1.5.",
    ),
    "size of zero": (
        {"hidden_layer_sizes": (4, 0)},
        "hidden_layer_sizes must hold positive integers, got 0.",
    ),
    "activation": ({"activation": ["swish"]}, "activation must be among .* 'swish'."),
    "all rows to validate": (
        {"validation_fraction": 0.999},
        "validation_fraction=0.999 leaves no rows to learn from: there are 60.",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_parameters(what):
    changes, sentence = BAD[what]
    with pytest.raises(ValueError, match=sentence):
        DropoutMLPRegressor(**{**SMALL, **changes}).fit(X, Y)


def test_bad_validation_rows():
    model = DropoutMLPRegressor(**SMALL)
    with pytest.raises(ValueError, match="must be given together"):
        model.fit(X, Y, X_val=X)
    with pytest.raises(ValueError, match="X_val and y_val: X has 2 features"):
        model.fit(X, Y, X_val=X[:, :2], y_val=Y)
    with pytest.raises(ValueError, match="X_val has 60, y_val has 3"):
        model.fit(X, Y, X_val=X, y_val=Y[:3])
    with pytest.raises(ValueError, match="y_val contains NaN"):
        model.fit(X, Y, X_val=X, y_val=np.full(60, np.nan))


def test_a_failed_warm_start_leaves_the_model():
    model = DropoutMLPRegressor(**SMALL, warm_start=True).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="expecting 3 features"):
        model.fit(X[:, :2], Y)
    with pytest.raises(ValueError, match="y has 2 targets"):
        model.fit(X, np.c_[Y, Y])
    assert_array_equal(model.predict(X), before)
