"""Hostile data and parameters: a clear error or a finite model, never silent NaN."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from regkit import DropoutMLPClassifier, DropoutMLPRegressor, RowChunks

SMALL = {"n_members": 1, "hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0}
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


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e-30, 1e30, 1e150, 1e300])
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


@pytest.mark.parametrize("epochs", [4, 8, 12])
@pytest.mark.parametrize("labels", [Y > 0, np.digitize(Y, [-0.5, 0.5])])
def test_outputs_beyond_float32_are_no_nan(labels, epochs):
    """Weights may be finite when a run ends, and products of them not."""
    options = {**DIVERGING, "max_iter": epochs, "learning_rate_init": 30.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = DropoutMLPClassifier(**options).fit(X, labels)
    assert np.isfinite(model.predict_proba(X)).all()
    assert np.isfinite(model.predict_log_proba(X)).all()
    assert np.isfinite(model.sample_predictions(X, 3)).all()
    assert np.isfinite(model.predict_uncertainty(X, 3).entropy).all()


def test_outputs_beyond_float64_are_an_error():
    options = {**DIVERGING, "max_iter": 8, "learning_rate_init": 1e4}
    model = DropoutMLPRegressor(**options, dtype="float64")
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="output for row 0 of X overflows"):
        model.predict(X * 1e300)


@pytest.mark.parametrize("scale", [1e-300, 1e-320])
def test_targets_far_smaller_than_the_outputs(scale):
    options = {**SMALL, "standardize_target": False}
    model = DropoutMLPRegressor(**options).fit(X, Y * scale)
    assert not np.isnan(model.validation_scores_).any()
    model.set_params(n_members=2).fit(X, Y * scale)
    assert not np.isnan(model.oof_score_)


def in_chunks(rows):
    return RowChunks([rows[:30], rows[30:]])


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, in_chunks])
def test_what_is_too_large_to_be_learned_as_it_is(form):
    rows, y = X.copy(), Y.copy()
    rows[41, 1], y[41] = -1e16, 2e17
    before = DropoutMLPRegressor(**SMALL).fit(form(X), Y)
    expected = before.predict(X)
    with pytest.raises(
        ValueError, match=r"X holds -1e\+16 in column 1.*standardize=False"
    ):
        before.set_params(standardize=False).fit(form(rows), Y)
    with pytest.raises(ValueError, match=r"y.* holds 2e\+17.*standardize_target=False"):
        before.set_params(standardize_target=False).fit(form(X), y)
    with pytest.raises(ValueError, match=r"y holds 2e\+307 .* divide y by a constant"):
        before.fit(form(X), y * 1e290)
    assert_array_equal(before.predict(X), expected)


def frame_with_category_and_gap(rows):
    frame = pd.DataFrame(rows, columns=["a", "fee", "c"])
    frame.loc[7, "a"] = np.nan
    frame.insert(0, "kind", pd.Categorical(["u", "v"] * 30))
    return frame


@pytest.mark.parametrize("standardize", [False, True, "robust"])
@pytest.mark.parametrize(
    ("form", "column"),
    [
        (np.asarray, "1"),
        (sp.csc_array, "1"),
        (in_chunks, "1"),
        (frame_with_category_and_gap, "'fee'"),
    ],
)
def test_rows_to_predict_for_are_not_taken_for_nearer_ones(form, column, standardize):
    far = X.copy()
    far[41, 1] = -1e19
    model = DropoutMLPRegressor(**SMALL, standardize=standardize).fit(form(X), Y)
    classifier = DropoutMLPClassifier(**SMALL, standardize=standardize)
    classifier.fit(form(X), Y > 0)
    calls = [model.predict, model.sample_predictions, classifier.predict_proba]
    if form is not in_chunks:
        calls += [
            lambda rows: clone(model).partial_fit(form(X), Y).partial_fit(rows, Y),
            lambda rows: clone(model).fit(form(X), Y, X_val=rows, y_val=Y),
        ]
    for call in calls:
        if standardize == "robust":  # all that is far is alike then
            call(form(far))
            continue
        with pytest.raises(ValueError, match=f"holds -1e\\+19 in column {column}, and"):
            call(form(far))


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (np.asarray, np.inf),  # NaN is a missing value
        (sp.csr_array, np.inf),
        (sp.csr_array, np.nan),
        (sp.csc_array, np.nan),
    ],
)
def test_entries_that_are_not_finite(form, value):
    rows = X.copy()
    rows[3, 1] = value
    model = DropoutMLPRegressor(**SMALL)
    with pytest.raises(ValueError, match="Input X contains"):
        model.fit(form(rows), Y)
    with pytest.raises(ValueError, match="X_val and y_val: Input X contains"):
        model.fit(X, Y, X_val=form(rows), y_val=Y)
    model.fit(X, Y)
    for method in (model.predict, model.sample_predictions, model.predict_interval):
        with pytest.raises(ValueError, match="Input X contains"):
            method(form(rows))


def test_more_epochs_than_memory():
    options = {**SMALL, "max_iter": 10**8, "n_iter_no_change": 2, "tol": 1e9}
    assert DropoutMLPRegressor(**options).fit(X, Y).n_iter_ == 4


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
    "no dimensions": (
        {"hidden_layer_sizes": np.array(2.5)},
        "hidden_layer_sizes must hold positive integers, got 2.5.",
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
    with pytest.raises(ValueError, match=r"y_val must hold numbers: .* 'many'"):
        model.fit(X, Y, X_val=X, y_val=["many"] * 60)


def test_columns_in_another_order():
    pd = pytest.importorskip("pandas", reason="in the dev extra only")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    other = frame[["a", "c", "b"]]
    model = DropoutMLPRegressor(**SMALL, warm_start=True)
    with pytest.raises(
        ValueError,
        match="X_val must have the columns of X in the same order: column 1 of X_val "
        "is 'c', of X 'b'",
    ):
        model.fit(frame, Y, X_val=other, y_val=Y)
    model.fit(frame, Y, X_val=frame, y_val=Y)
    for more in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="X must have the columns of feature_name"):
            more(other, Y)
    model.partial_fit(X, Y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]


WEIGHTS = {
    "negative": {0: -1.0, 1: 1.0},
    "nan": {0: np.nan, 1: 1.0},
    "infinite": {0: np.inf, 1: 1.0},
    "overflow": {0: 1e308, 1: 1e308},
}


@pytest.mark.parametrize("rows", [np.asarray, lambda X: RowChunks(X, chunk_rows=7)])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_bad_class_weights(weights, rows):
    model = DropoutMLPClassifier(**SMALL, class_weight=WEIGHTS[weights])
    with pytest.raises(ValueError, match="class_weight must hold finite numbers"):
        model.fit(rows(X), Y > 0)


def test_class_weights_that_leave_nothing():
    model = DropoutMLPClassifier(**SMALL, class_weight={0: 0.0, 1: 0.0})
    with pytest.raises(ValueError, match="class_weight leaves no row"):
        model.fit(X, Y > 0)
    model.set_params(class_weight=[1.0, 2.0])
    with pytest.raises(ValueError, match="one label, got a list"):
        model.fit(X, Y > 0)
    model.set_params(class_weight={0: "many"})
    with pytest.raises(ValueError, match=r"class_weight=\{0: 'many'\}: "):
        model.fit(X, Y > 0)


@pytest.mark.parametrize("number", [0, -1, 2.5, "many", None, True])
def test_bad_numbers_of_masks(number):
    regressor = DropoutMLPRegressor(**SMALL).fit(X, Y)
    classifier = DropoutMLPClassifier(**SMALL).fit(X, Y > 0)
    calls = [
        lambda: regressor.sample_predictions(X, number),
        lambda: regressor.predict(X, return_std=True, n_samples=number),
        lambda: classifier.sample_predictions(X, number),
        lambda: classifier.predict_uncertainty(X, number),
    ]
    if number is not None:
        calls.append(lambda: classifier.predict_proba(X, n_samples=number))
    for call in calls:
        with pytest.raises(ValueError, match="n_samples must be an integer of at lea"):
            call()


BUILT_WITH = {
    "hidden_layer_sizes": (16,),
    "activation": "relu",
    "standardize": True,
    "embedding": None,
    "input_scaling": True,
    "dtype": "float64",
    "standardize_target": False,
    "loss": "gaussian_nll",
}


@pytest.mark.parametrize("name", BUILT_WITH)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_network_of_another_build_cannot_go_on(method, name):
    model = DropoutMLPRegressor(**SMALL, warm_start=True).fit(X, Y)
    before = model.predict(X)
    model.set_params(**{name: BUILT_WITH[name]})
    with pytest.raises(ValueError, match=f"^{name}=.* was built with {name}="):
        getattr(model, method)(X, Y)
    assert_array_equal(model.predict(X), before)


def test_what_may_change_while_training_goes_on():
    model = DropoutMLPRegressor(**SMALL, warm_start=True, dropout=[0.1]).fit(X, Y)
    model.set_params(
        hidden_layer_sizes=[8], activation=["gelu"], loss="huber", solver="sgd", alpha=0
    )
    assert_finite(model.set_params(learning_rate_init=1e-3).fit(X, Y), X)


def test_labels_of_another_kind_cannot_go_on():
    several = np.c_[Y > 0, Y < 1].astype(int)
    model = DropoutMLPClassifier(**SMALL, warm_start=True).fit(X, several)
    with pytest.raises(ValueError, match=r"y has one label a row, but .* several"):
        model.fit(X, Y > 0)
    model = DropoutMLPClassifier(**SMALL, warm_start=True).fit(X, Y > 0)
    with pytest.raises(ValueError, match=r"y has several labels a row, but .* one"):
        model.fit(X, several)


def test_a_failed_warm_start_leaves_the_model():
    model = DropoutMLPRegressor(**SMALL, warm_start=True).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="expecting 3 features"):
        model.fit(X[:, :2], Y)
    with pytest.raises(ValueError, match="y has 2 targets"):
        model.fit(X, np.c_[Y, Y])
    assert_array_equal(model.predict(X), before)
