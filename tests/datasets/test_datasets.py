"""The data sets have the shapes, names and statistics that they promise."""

import builtins

import numpy as np
import pytest

from regkit.datasets import (
    load_diabetes_interactions,
    make_correlated_regression,
    make_house_prices,
)


def test_diabetes_has_the_64_columns_of_the_paper():
    diabetes = load_diabetes_interactions()
    names = diabetes.feature_names
    assert diabetes.data.shape == (442, 64)
    assert diabetes.target.shape == (442,)
    assert len(set(names)) == 64
    assert sum(":" in name for name in names) == 45
    squares = [name for name in names if name.endswith("^2")]
    assert len(squares) == 9
    assert "sex^2" not in squares
    np.testing.assert_allclose(diabetes.data.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose((diabetes.data**2).sum(axis=0), 1)


def test_diabetes_columns_are_what_their_names_say():
    diabetes = load_diabetes_interactions()
    column = dict(zip(diabetes.feature_names, diabetes.data.T, strict=True))
    product = column["age"] * column["bmi"]
    assert np.corrcoef(product, column["age:bmi"])[0, 1] == pytest.approx(1)
    assert np.corrcoef(column["bmi"] ** 2, column["bmi^2"])[0, 1] == pytest.approx(1)


def test_diabetes_keeps_scikit_learns_columns_and_target():
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes_interactions(return_X_y=True)
    bundled = load_diabetes()
    np.testing.assert_array_equal(X[:, :10], bundled.data)
    np.testing.assert_array_equal(y, bundled.target)


@pytest.mark.parametrize("load", [load_diabetes_interactions, make_house_prices])
def test_frames_carry_the_names(load):
    pytest.importorskip("pandas")
    frame, arrays = load(as_frame=True), load()
    assert list(frame.data.columns) == frame.feature_names == arrays.feature_names
    np.testing.assert_array_equal(frame.data.to_numpy(), arrays.data)
    np.testing.assert_array_equal(frame.target.to_numpy(), arrays.target)


@pytest.mark.parametrize("load", [load_diabetes_interactions, make_house_prices])
def test_frames_without_pandas_say_what_to_install(load, monkeypatch):
    really_import = builtins.__import__

    def without_pandas(name, *args, **kwargs):
        if name == "pandas":
            raise ImportError("No module named 'pandas'")
        return really_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(ImportError, match="pip install pandas"):
        load(as_frame=True)


def test_correlated_columns_have_the_correlation_asked_for():
    X, _ = make_correlated_regression(20_000, 6, n_informative=2, correlation=0.8)
    lags = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    np.testing.assert_allclose(np.corrcoef(X.T), 0.8**lags, atol=0.03)
    np.testing.assert_allclose(X.std(axis=0), 1, atol=0.03)


def test_signal_to_noise_is_exact_in_the_sample():
    X, y, coef = make_correlated_regression(
        80, 30, n_informative=5, signal_to_noise=4.0, coef=True
    )
    signal = X @ coef
    ratio = np.linalg.norm(signal) / np.linalg.norm(y - signal)
    assert ratio == pytest.approx(4.0)
    assert np.count_nonzero(coef) == 5


def test_no_noise_and_no_signal():
    X, y, coef = make_correlated_regression(
        30, 20, n_informative=3, signal_to_noise=np.inf, coef=True
    )
    np.testing.assert_allclose(y, X @ coef)
    _, y, coef = make_correlated_regression(30, 20, n_informative=0, coef=True)
    assert not coef.any()
    assert np.isfinite(y).all()


def test_house_prices_follow_the_stated_coefficients():
    houses = make_house_prices(200, n_irrelevant=3, noise=0.0)
    np.testing.assert_allclose(
        houses.target, houses.intercept + houses.data @ houses.coef
    )
    assert houses.data.shape == (200, 11)
    assert houses.feature_names[-1] == "irrelevant_2"
    correlation = np.corrcoef(houses.data[:, 0], houses.data[:, 1])[0, 1]
    assert correlation > 0.8


@pytest.mark.parametrize(
    "make", [make_correlated_regression, lambda **k: make_house_prices(**k).values()]
)
def test_a_seed_gives_the_same_data_again(make):
    first, again, other = make(), make(), make(random_state=1)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(next(iter(first)), next(iter(other)))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: make_correlated_regression(0, 5), "n_samples and n_features must be"),
        (lambda: make_correlated_regression(5, 5, n_informative=6), "got 6"),
        (lambda: make_correlated_regression(correlation=1.0), r"in \(-1, 1\), got 1.0"),
        (lambda: make_correlated_regression(signal_to_noise=0), "positive, got 0"),
        (lambda: make_house_prices(0), "n_samples must be at least 1, got 0"),
        (lambda: make_house_prices(n_irrelevant=-1), "negative, got -1"),
        (lambda: make_house_prices(noise=-1.0), "negative, got -1.0"),
    ],
)
def test_bad_parameters_are_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
