"""Columns and targets whose squares leave float64: a sentence, no silence."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import regkit
from regkit.linear_model import _source_reducer

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 1.0] + 0.1 * rng.normal(size=60)
CALLS = {
    "LassoRegressor": lambda A, b: regkit.LassoRegressor(0.01).fit(A, b),
    "RidgeRegressor": lambda A, b: regkit.RidgeRegressor(0.0).fit(A, b),
    "RidgeRegressor in a path": lambda A, b: regkit.RidgeRegressor().fit_path(
        A, b, [1, 2]
    ),
    "LassoRegressorCV": lambda A, b: regkit.LassoRegressorCV(alphas=5).fit(A, b),
    "LassoRegressorCV by BIC": lambda A, b: regkit.LassoRegressorCV(
        alphas=5, criterion="bic"
    ).fit(A, b),
    "RidgeRegressorCV": lambda A, b: regkit.RidgeRegressorCV(alphas=[1.0]).fit(A, b),
    "RidgeRegressorCV by folds": lambda A, b: regkit.RidgeRegressorCV(
        alphas=[1.0], cv=3
    ).fit(A, b),
    "lasso_path": lambda A, b: regkit.lasso_path(A, b, alphas=[0.01]),
    "LassoRegressor of moments": lambda A, b: regkit.LassoRegressor(0.01).partial_fit(
        A, b
    ),
}


def refusal(name: str, what: str) -> str:
    sentence = (
        f"{name} cannot solve this problem in float64: squares of {what} underflow; "
        "rescale it."
    )
    return f"^{re.escape(sentence)}$"


@pytest.mark.parametrize("scale", [1e-160, 1e-200, 1e-300])
@pytest.mark.parametrize("call", CALLS)
def test_small_columns_and_targets(call: str, scale: float) -> None:
    fit, name = CALLS[call], call.split()[0]
    small = X * [1.0, scale, 1.0]
    with pytest.raises(ValueError, match=refusal(name, "column 1 of X")):
        fit(small, Y)
    with pytest.raises(ValueError, match=refusal(name, "column 'b' of X")):
        fit(pd.DataFrame(small, columns=["a", "b", "c"]), Y)
    with pytest.raises(ValueError, match=refusal(name, "y")):
        fit(X, scale * Y)


@pytest.mark.parametrize("convert", [sp.csr_matrix, sp.csc_matrix])
def test_sparse_columns(convert: Any) -> None:
    with pytest.raises(ValueError, match=refusal("RidgeRegressor", "column 0 of X")):
        regkit.RidgeRegressor().fit(convert(X * [1e-170, 1.0, 1.0]), Y)


def test_rows_in_chunks() -> None:
    chunks = regkit.RowChunks([(X * [1.0, 1.0, 1e-170], Y)])
    with pytest.raises(ValueError, match=refusal("LassoRegressor", "column 2 of X")):
        regkit.LassoRegressor(0.01).fit(chunks, None)


@pytest.mark.parametrize("what", ["column 2 of X", "y"])
def test_chunks_out_of_core(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(_source_reducer, "MOST_SUMMED_UP", 2)
    scale = (1e-170, 1.0) if what != "y" else (1.0, 1e-170)
    chunks = regkit.RowChunks([(X * [1.0, 1.0, scale[0]], scale[1] * Y)])
    with pytest.raises(ValueError, match=refusal("LassoRegressor", what)):
        regkit.LassoRegressor(0.01).fit(chunks, None)


@pytest.mark.parametrize(
    "model", [regkit.LogisticClassifier(), regkit.LogisticClassifierCV(cv=3)]
)
def test_losses(model: Any) -> None:
    name = type(model).__name__
    with pytest.raises(ValueError, match=refusal(name, "column 1 of X")):
        model.fit(X * [1.0, 1e-170, 1.0], Y > 0.0)


def test_a_failed_fit_changes_nothing() -> None:
    model = regkit.LassoRegressor(0.01).fit(X, Y)
    before = model.coef_.copy()
    with pytest.raises(ValueError, match="underflow"):
        model.fit(X, 1e-170 * Y)
    np.testing.assert_array_equal(model.coef_, before)


def test_constant_columns_are_no_reason() -> None:
    """Constant to the last bit or up to rounding, and of rows of positive weight."""
    A = X.copy()
    A[:, 1] = 1e-200
    expected = regkit.LassoRegressor(0.01).fit(X[:, [0, 2]], Y).coef_
    for value in (0.0, 1e-200, 0.1):
        A[:, 1] = value
        A[::2, 1] = np.nextafter(value, 1.0) if value else 0.0
        found = regkit.LassoRegressor(0.01).fit(A, Y).coef_
        np.testing.assert_allclose(found, [expected[0], 0.0, expected[1]], rtol=1e-7)
    A[:, 1] = 0.0
    A[0, 1] = 1e-200
    weight = np.ones(60)
    weight[0] = 0.0
    assert regkit.LassoRegressor(0.01).fit(A, Y, weight).coef_[1] == 0.0
    with pytest.raises(ValueError, match="column 1 of X"):
        regkit.LassoRegressor(0.01).fit(A, Y)


@pytest.mark.parametrize("scale", [1e-100, 1e-140])
def test_small_but_exact(scale: float) -> None:
    expected = regkit.RidgeRegressor(1.0, standardize=True).fit(X, Y)
    found = regkit.RidgeRegressor(1.0, standardize=True).fit(scale * X, Y)
    np.testing.assert_allclose(scale * found.coef_, expected.coef_, rtol=1e-9)
    found = regkit.LassoRegressor(0.01 * scale, tol=1e-12).fit(X, scale * Y)
    expected = regkit.LassoRegressor(0.01, tol=1e-12).fit(X, Y)
    np.testing.assert_allclose(found.coef_ / scale, expected.coef_, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e155, 1e200, 1e300])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("convert", [np.array, sp.csr_matrix, sp.csc_matrix])
def test_large_columns(convert: Any, standardize: bool, scale: float) -> None:
    """Their infinite variance passed for a scale, and in sparse X for zero."""
    large = convert(X * [1.0, scale, 1.0])
    for kind in (
        regkit.LogisticClassifier,
        regkit.LogisticClassifierCV,
        regkit.LinearSVMClassifier,
        regkit.GeneralizedLinearRegressor,
        regkit.GeneralizedLinearRegressorCV,
    ):
        model = kind(standardize=standardize)
        what = f"^{kind.__name__} .*: squares of column 1 of X overflow; rescale it.$"
        with pytest.raises(ValueError, match=what):
            model.fit(large, Y > 0.0)
    for regressor in (
        regkit.LassoRegressor(),
        regkit.LassoRegressorCV(),
        regkit.RidgeRegressor(),
    ):
        regressor.set_params(standardize=standardize)
        with pytest.raises(ValueError, match=r"squares of .*X.* overflow"):
            regressor.fit(large, Y)
