"""Whatever the parameters of a network and its data: finite, repeatable, consistent."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, reject
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from regkit import DropoutMLPClassifier, DropoutMLPRegressor, RowChunks
from regkit.solvers.networks.architecture import ACTIVATIONS
from regkit.solvers.networks.schedules import SCHEDULES
from tests.properties.profile import sweep

NOISE_SCHEDULES = st.sampled_from(["constant", "cosine", "flat_cosine"])
RATES = st.sampled_from([0.0, 0.1, 0.5, 0.9])
COMMON: dict[str, Any] = {
    "dropout_kind": st.sampled_from(["bernoulli", "gaussian"]),
    "input_dropout": RATES,
    "dropout_schedule": NOISE_SCHEDULES,
    "alpha": st.sampled_from([0.0, 1e-4, 0.02, 1.0]),
    "alpha_schedule": NOISE_SCHEDULES,
    "l1": st.sampled_from([0.0, 1e-3]),
    "max_norm": st.sampled_from([None, 0.5, 3.0]),
    "solver": st.sampled_from(["adam", "adamw", "sgd"]),
    "learning_rate_init": st.sampled_from([1e-3, 0.02]),
    "learning_rate": st.sampled_from(sorted(SCHEDULES)),
    "layer_rates": st.sampled_from(["fan_in", "equal"]),
    "momentum": st.sampled_from([0.0, 0.9]),
    "nesterovs_momentum": st.booleans(),
    "batch_size": st.sampled_from(["auto", 1, 3, 7, 1000]),
    "max_iter": st.integers(1, 4),
    "tol": st.sampled_from([0.0, 1e-4, 1.0]),
    "n_iter_no_change": st.sampled_from([None, 1]),
    "n_members": st.sampled_from([1, 1, 3]),
    "early_stopping": st.booleans(),
    "validation_fraction": st.sampled_from([0.1, 0.4]),
    "standardize": st.sampled_from([False, True, "robust"]),
    "embedding": st.sampled_from([None, "periodic"]),
    "input_scaling": st.booleans(),
    "dtype": st.sampled_from(["float32", "float64"]),
    "shuffle": st.booleans(),
    "random_state": st.integers(0, 2**31 - 1),
}


@st.composite
def networks(draw: Any, kind: Any) -> Any:
    """An estimator with every parameter drawn, one a layer where that is possible."""
    sizes = draw(st.lists(st.sampled_from([1, 2, 5]), max_size=3))
    each = {"activation": st.sampled_from(sorted(ACTIVATIONS)), "dropout": RATES}
    options = {
        name: draw(values)
        if draw(st.booleans())
        else draw(st.lists(values, min_size=len(sizes), max_size=len(sizes)))
        for name, values in each.items()
    }
    own = {
        DropoutMLPRegressor: {
            "loss": st.sampled_from(
                ["squared_error", "absolute_error", "huber", "quantile", "gaussian_nll"]
            ),
            "huber_delta": st.sampled_from([0.1, 2.0]),
            "quantile": st.sampled_from([0.1, 0.5, (0.1, 0.5, 0.9)]),
            "calibration_fraction": st.sampled_from([0.0, 0.3]),
            "tau": st.sampled_from([None, 4.0]),
            "standardize_target": st.booleans(),
        },
        DropoutMLPClassifier: {
            "class_weight": st.sampled_from([None, "balanced"]),
            "label_smoothing": st.sampled_from([0.0, 0.2]),
        },
    }[kind]
    options |= {name: draw(values) for name, values in {**COMMON, **own}.items()}
    return kind(sizes, **options)


EITHER = st.sampled_from([DropoutMLPRegressor, DropoutMLPClassifier]).flatmap(networks)


@st.composite
def tables(draw: Any) -> tuple[Any, Any, Any, np.random.Generator]:
    """Rows, targets, weights: few or some, of any scale, with constant columns."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, p = draw(st.integers(12, 40)), draw(st.integers(1, 4))
    X = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-1, 2, p)
    if draw(st.booleans()):
        X[:, 0] = 3.0
    if draw(st.booleans()):
        X = np.round(X)
    y = X @ rng.normal(size=(p, 2)) + rng.normal(size=(n, 2))
    weights = draw(st.sampled_from([None, "whole", "any"]))
    if weights == "whole":
        weights = rng.integers(0, 3, n).astype(float)
        weights[:8] = 1.0
    elif weights == "any":
        weights = rng.random(n) + 0.1
    return X, y, weights, rng


def assert_same_training(found: Any, expected: Any) -> None:
    """Two networks differ by rounding alone."""
    assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-6, atol=1e-12)
    for one, other in zip(found.coefs_, expected.coefs_, strict=True):
        assert_allclose(one, other, rtol=1e-5, atol=1e-7 * np.abs(other).max())


def fit(estimator: Any, *data: Any) -> Any:
    """Fit where that is possible; plain descent on raw rows may diverge at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            return clone(estimator).fit(*data)
        except ValueError as error:
            if "the loss is not finite in the first epoch" not in str(error):
                raise
            assert not estimator.standardize
            return reject()


def check_curves(model: Any) -> None:
    members = getattr(model, "estimators_", [model])
    assert len(members) == model.n_members
    for member in members:
        _check_curves(member)


def _check_curves(model: Any) -> None:
    for array in [*model.coefs_, *model.intercepts_]:
        assert np.isfinite(array).all()
    assert 1 <= model.best_iter_ <= model.n_iter_ <= model.max_iter
    assert len(model.loss_curve_) == model.n_iter_
    monitored = model.validation_loss_curve_ or model.loss_curve_
    assert model.best_loss_ == min(monitored) == monitored[model.best_iter_ - 1]
    assert (model.validation_loss_curve_ is not None) == model.early_stopping


def in_chunks(X: Any, *others: Any) -> RowChunks:
    return RowChunks(
        [
            tuple(part[at : at + 5] for part in (X, *others))
            for at in range(0, len(X), 5)
        ]
    )


@sweep(60)
@given(networks(DropoutMLPRegressor), tables(), st.booleans())
def test_regressor(estimator: Any, table: Any, several: bool) -> None:
    X, y, weights, _ = table
    y = y if several else y[:, 0]
    model = fit(estimator, X, y, weights)
    check_curves(model)
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    assert np.isfinite(predicted).all()
    assert_array_equal(fit(estimator, X, y, weights).predict(X), predicted)
    held_out = model.n_members > 1 or model.early_stopping or model.calibration_fraction
    if not held_out and model.tau is None and model.loss != "gaussian_nll":
        with pytest.raises(ValueError, match="no rows were held out"):
            model.predict(X, return_std=True)
        return
    mean, std = model.predict(X, return_std=True)
    lower, upper = model.predict_interval(X, coverage=0.3)
    assert_array_equal(mean, predicted)
    assert (std > 0).all()
    assert (lower <= upper).all()
    assert model.sample_predictions(X, 3, 0).shape == (3, *y.shape)
    if hasattr(model, "noise_std_"):
        assert np.all(np.asarray(model.noise_std_) > 0)
        if model.tau is not None:
            assert_array_equal(model.noise_std_, 0.5)


@sweep(60)
@given(
    networks(DropoutMLPClassifier),
    tables(),
    st.sampled_from(["two", "three", "several"]),
)
def test_classifier(estimator: Any, table: Any, kind: str) -> None:
    X, y, weights, _ = table
    y = {
        "two": y[:, 0] > np.median(y[:, 0]),
        "three": np.argsort(np.argsort(y[:, 0])) % 3,
        "several": (y > np.median(y, axis=0)).astype(int),
    }[kind]
    model = fit(estimator, X, y, weights)
    check_curves(model)
    P = model.predict_proba(X)
    assert P.shape == (len(X), 3 if kind == "three" else 2)
    assert np.isfinite(P).all()
    if kind != "several":
        assert_allclose(P.sum(1), 1.0)
        assert_array_equal(model.predict(X), model.classes_[P.argmax(1)])
    assert_allclose(np.exp(model.predict_log_proba(X)), P, rtol=1e-6, atol=1e-12)
    assert_array_equal(fit(estimator, X, y, weights).predict_proba(X), P)
    found = model.predict_uncertainty(X, 5)
    assert (found.epistemic >= 0).all()
    assert_allclose(found.noise + found.epistemic, found.entropy, atol=1e-9)


@sweep(40)
@given(EITHER, tables())
def test_chunks_are_rows(estimator: Any, table: Any) -> None:
    """Held, in any form; and visited one by one, in float64, where batches agree."""
    X, y, weights, _ = table
    estimator.set_params(n_members=1)
    is_regressor = isinstance(estimator, DropoutMLPRegressor)
    y = y[:, 0] if is_regressor else (y[:, 0] > np.median(y[:, 0])).astype(int)
    weights = np.ones(len(X)) if weights is None else weights
    expected = fit(estimator, X, y, weights)
    held = estimator.set_params(buffer_chunks=100)
    found = fit(held, in_chunks(X, y, weights), None)
    assert_array_equal(found.coefs_[0], expected.coefs_[0])
    assert_array_equal(found.predict(X), expected.predict(X))
    assert_array_equal(found.predict(in_chunks(X)), expected.predict(X))
    steady = estimator.set_params(shuffle=False, batch_size=1, dtype="float64")
    expected = fit(steady, X, y, weights)
    visited = fit(steady.set_params(buffer_chunks=2), in_chunks(X, y, weights), None)
    assert_same_training(visited, expected)


@sweep(40)
@given(EITHER, tables())
def test_whole_weights_repeat_rows(estimator: Any, table: Any) -> None:
    """Without anything sampled, and all rows in a batch."""
    X, y, _, rng = table
    is_regressor = isinstance(estimator, DropoutMLPRegressor)
    y = y[:, 0] if is_regressor else (np.arange(len(X)) % 2)
    estimator.set_params(
        n_members=1,
        dropout=0.0,
        input_dropout=0.0,
        early_stopping=False,
        batch_size=10_000,
        dtype="float64",
    )
    if is_regressor:
        estimator.set_params(calibration_fraction=0.0)
    else:
        estimator.set_params(class_weight=None)  # counts rows, not their weights
    counts = rng.integers(0, 4, len(X))
    counts[:2] = 1
    weighted = fit(estimator, X, y, counts.astype(float))
    rows = rng.permutation(np.repeat(np.arange(len(X)), counts))
    repeated = fit(estimator, X[rows], y[rows])
    assert_same_training(weighted, repeated)


@sweep(40)
@given(
    EITHER,
    tables(),
    st.sampled_from([np.asfortranarray, sp.csr_array, sp.csc_array]),
)
def test_storage_does_not_matter(estimator: Any, table: Any, form: Any) -> None:
    X, y, weights, _ = table
    X = np.where(X > 0, X, 0.0)
    is_regressor = isinstance(estimator, DropoutMLPRegressor)
    y = y[:, 0] if is_regressor else (np.arange(len(X)) % 2)
    estimator.set_params(n_members=1, dtype="float64")
    expected = fit(estimator, X, y, weights)
    found = fit(estimator, form(X), y, weights)
    assert_same_training(found, expected)
